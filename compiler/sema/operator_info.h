// What an operator takes and gives, and whether it is sound: settled when first asked for, once for all steps that use
// it.
#pragma once

#include <string_view>
#include <vector>

#include "compiler/sema/symbols.h"

namespace flow::sema {

struct Checking;

/// An input of rows, or a value of `process Op(…, limit: 5)`.
struct OperatorParameter {
  std::string_view name;
  Type type;
  bool is_input = false;         // its type is a record
  const Expr* initial = nullptr; // of a value that need not be given
  const lang::OperatorInput* tree = nullptr;
};

struct OperatorOutput {
  std::string_view name; // of the first: empty
  Type type;             // a record
};

struct OperatorInfo {
  const Symbol* symbol = nullptr;
  const lang::OperatorDecl* tree = nullptr;
  std::vector<OperatorParameter> parameters; // the first one is an input
  std::vector<OperatorOutput> outputs;
  bool is_sound = false; // else what is wrong was reported: nothing more is said of it
};

/// REQUIRES: a symbol of the kind `operation`. The first call checks all of the operator by itself.
const OperatorInfo& operator_info(Checking& check, const Symbol& symbol);

} // namespace flow::sema
