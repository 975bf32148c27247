// What a typed program means, by the plainest reading of it: a tree walk over expressions and statements, row by row,
// with nothing of the optimiser, the plan or LLVM. What generated code gives must be the same.
#pragma once

#include <map>

#include "compiler/sema/typed_program.h"
#include "tests/interpreter/value.h"

namespace flow::interpreter {

class Interpreter {
public:
  /// The program must outlive the interpreter. It must have no params.
  explicit Interpreter(const sema::TypedProgram& program) : program_(program) {}

  /// The rows of the sink's stream, in order, if `input` are the rows of every source. Streams are made of `where`,
  /// `select`, `derive` and their like, and `process`; timers, `expires` and all other steps end the program.
  std::vector<Row> rows_of(const sema::Stream& stream, const std::vector<Row>& input);

private:
  /// What an expression may read.
  struct Scope {
    const Row* row = nullptr;
    std::map<uint32_t, Value> locals;
    // Of an operator's handler.
    const sema::Process* process = nullptr;
    const Row* key = nullptr;
    struct Entry* entry = nullptr;
  };

  Evaluated evaluate(const sema::Expr& expr, Scope& scope);
  Evaluated arithmetic(const sema::Expr& expr, Scope& scope);
  Evaluated comparison(const sema::Expr& expr, Scope& scope);
  Evaluated convert(const sema::Expr& expr, Scope& scope);
  Evaluated call(const sema::Expr& expr, Scope& scope);
  Evaluated call_extern(const sema::Expr& expr, Scope& scope);
  Value state(uint32_t field, Scope& scope);
  /// False where one of them failed.
  bool evaluate_all(std::span<const sema::Expr* const> exprs, Scope& scope, Row& values);

  std::vector<Row> apply(const sema::Step& step, std::vector<Row> rows);
  std::vector<Row> process(const sema::Process& process, const std::vector<Row>& rows);
  /// False where the handler has ended.
  bool run(sema::Block block, Scope& scope, std::vector<Row>& emitted);

  const sema::TypedProgram& program_;
};

} // namespace flow::interpreter
