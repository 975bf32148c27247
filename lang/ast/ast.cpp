#include "lang/ast/ast.h"

namespace flow::lang {

std::string_view text_of(UnaryOperator op) {
  switch (op) {
  case UnaryOperator::negate: return "-";
  case UnaryOperator::logical_not: return "not";
  }
  return "";
}

std::string_view text_of(BinaryOperator op) {
  switch (op) {
  case BinaryOperator::logical_or: return "or";
  case BinaryOperator::logical_and: return "and";
  case BinaryOperator::equal: return "==";
  case BinaryOperator::not_equal: return "!=";
  case BinaryOperator::less: return "<";
  case BinaryOperator::less_equal: return "<=";
  case BinaryOperator::greater: return ">";
  case BinaryOperator::greater_equal: return ">=";
  case BinaryOperator::in: return "in";
  case BinaryOperator::not_in: return "not in";
  case BinaryOperator::range: return "..";
  case BinaryOperator::range_below: return "..<";
  case BinaryOperator::coalesce: return "??";
  case BinaryOperator::add: return "+";
  case BinaryOperator::subtract: return "-";
  case BinaryOperator::multiply: return "*";
  case BinaryOperator::divide: return "/";
  case BinaryOperator::remainder: return "%";
  }
  return "";
}

} // namespace flow::lang
