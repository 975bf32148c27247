#include <fmt/core.h>

#include "compiler/sema/numbers.h"
#include "compiler/sema/print.h"

namespace flow::sema {

namespace {

std::string quoted(std::string_view text) {
  std::string made = "\"";
  for (char c : text) {
    switch (c) {
    case '\n': made += "\\n"; break;
    case '\t': made += "\\t"; break;
    case '\r': made += "\\r"; break;
    case '"':
    case '\\': made += '\\'; [[fallthrough]];
    default: made += c;
    }
  }
  return made + "\"";
}

const char* operator_of(ExprKind kind) {
  switch (kind) {
  case ExprKind::add:
  case ExprKind::shift_time: return "+";
  case ExprKind::subtract: return "-";
  case ExprKind::multiply: return "*";
  case ExprKind::divide: return "/";
  case ExprKind::remainder: return "%";
  case ExprKind::equal: return "==";
  case ExprKind::not_equal: return "!=";
  case ExprKind::less: return "<";
  case ExprKind::less_equal: return "<=";
  case ExprKind::greater: return ">";
  case ExprKind::greater_equal: return ">=";
  case ExprKind::logical_and: return "and";
  case ExprKind::logical_or: return "or";
  case ExprKind::coalesce: return "??";
  default: return nullptr;
  }
}

class ExprPrinter {
public:
  ExprPrinter(const TypedProgram& program, std::span<const Column> columns, std::span<const Column> locals,
              const Process* process)
      : program_(program), columns_(columns), locals_(locals), process_(process) {}

  std::string print(const Expr& expr) const {
    if (const char* word = operator_of(expr.kind)) {
      return fmt::format("({} {} {})", print(*expr.args[0]), word, print(*expr.args[1]));
    }
    switch (expr.kind) {
    case ExprKind::constant: return constant(expr);
    case ExprKind::column: return name_in(columns_, expr.index, "column");
    case ExprKind::local: return name_in(locals_, expr.index, "local");
    case ExprKind::param:
      return expr.index < program_.params.size() ? std::string(program_.params[expr.index].name)
                                                 : fmt::format("param.{}", expr.index);
    case ExprKind::number: return "number";
    case ExprKind::key: return "key." + (process_ != nullptr ? std::string(process_->key_names[expr.index]) : "");
    case ExprKind::state: return process_ != nullptr ? std::string(process_->fields[expr.index].name) : "state";
    case ExprKind::state_is_set:
      return fmt::format("has({})", process_ != nullptr ? process_->cells[expr.index].name : "state");
    case ExprKind::negate: return fmt::format("(- {})", print(*expr.args[0]));
    case ExprKind::logical_not: return fmt::format("(not {})", print(*expr.args[0]));
    case ExprKind::conditional:
      return fmt::format("(if {} then {} else {})", print(*expr.args[0]), print(*expr.args[1]), print(*expr.args[2]));
    case ExprKind::is_null: return fmt::format("({} is null)", print(*expr.args[0]));
    case ExprKind::convert: return call(text_of(expr.type.without_null()), expr);
    case ExprKind::to_nullable: return call("maybe", expr);
    case ExprKind::assume_value: return call("value", expr);
    case ExprKind::to_text: return call("text", expr);
    case ExprKind::concat: return call("concat", expr);
    case ExprKind::call_extern: return call(symbol_of(expr.function), expr);
    case ExprKind::call:
      return call(expr.function < program_.functions.size() ? program_.functions[expr.function].name : "?", expr);
    case ExprKind::let:
      return fmt::format("(let {} = {} in {})", name_in(locals_, expr.index, "local"), print(*expr.args[0]),
                         print(*expr.args[1]));
    case ExprKind::attempt: return call("try", expr);
    default: return "?";
    }
  }

private:
  static std::string constant(const Expr& expr) {
    if (expr.is_null) return "null";
    switch (expr.type.kind) {
    case Kind::ERROR: return "<error>";
    case Kind::BOOL: return expr.int_value != 0 ? "true" : "false";
    case Kind::STRING:
    case Kind::BYTES: return quoted(expr.text);
    case Kind::F32:
    case Kind::F64: return fmt::format("{:#}", expr.float_value);
    case Kind::U64: return fmt::format("{}", static_cast<uint64_t>(expr.int_value));
    case Kind::DURATION: return duration_text(expr.int_value);
    case Kind::TIMESTAMP: return fmt::format("timestamp({})", expr.int_value);
    case Kind::DATE: return fmt::format("date({})", expr.int_value);
    case Kind::ENUM: return enum_value(expr);
    default: return fmt::format("{}", expr.int_value);
    }
  }

  static std::string enum_value(const Expr& expr) {
    auto position = static_cast<size_t>(expr.int_value);
    bool is_known = expr.type.enumeration != nullptr && position < expr.type.enumeration->names.size();
    if (!is_known) return fmt::format("enum({})", expr.int_value);
    return fmt::format("{}.{}", expr.type.enumeration->name, expr.type.enumeration->names[position]);
  }

  static std::string name_in(std::span<const Column> columns, uint32_t index, const char* word) {
    return index < columns.size() ? std::string(columns[index].name) : fmt::format("{}.{}", word, index);
  }

  std::string_view symbol_of(uint32_t index) const {
    return index < program_.externs.size() ? program_.externs[index].symbol : "?";
  }

  std::string call(std::string_view name, const Expr& expr) const {
    std::string text = std::string(name) + "(";
    for (const Expr* arg : expr.args) {
      if (text.back() != '(') text += ", ";
      text += print(*arg);
    }
    return text + ")";
  }

  const TypedProgram& program_;
  std::span<const Column> columns_, locals_;
  const Process* process_;
};

} // namespace

std::string print_expr(const Expr& expr, const TypedProgram& program, std::span<const Column> columns,
                       std::span<const Column> locals, const Process* process) {
  return ExprPrinter(program, columns, locals, process).print(expr);
}

} // namespace flow::sema
