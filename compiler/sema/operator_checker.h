// An operator in one use of it: from the tree to a Process.
//
// First what it keeps (states, timers), then its keys, then the handlers, one after the other. Within a handler names
// stand for values: the row of its input, `key`, states, values, what `let` has named.
#pragma once

#include "compiler/sema/expressions.h"
#include "compiler/sema/operator_info.h"

namespace flow::sema {

/// What a step gives to the operator. One input for each parameter that is one, in their order, with the rows that
/// come: they have all fields of the parameter's type, and perhaps others.
struct OperatorUse {
  std::vector<ProcessInput> inputs;
  std::vector<const Expr*> values; // by parameter; null for inputs
};

Process check_operator(Checking& check, const OperatorInfo& info, OperatorUse use);

/// What all handlers of one operator know.
struct OperatorContext {
  Checking& check;
  const OperatorInfo& info;
  const Module& module;
  Process made;
  std::vector<NamedValue> names; // in every handler
  bool is_partial = false;       // parts of it could not be read: what is missing says nothing
};

/// handler_checker.cpp: the statements of one handler. `names` are those of the operator and of this handler,
/// `next_local` the number of its next local.
Block check_handler(OperatorContext& context, const lang::Block& block, std::vector<NamedValue> names,
                    uint32_t next_local);

} // namespace flow::sema
