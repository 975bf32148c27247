#include <algorithm>

#include <fmt/format.h>

#include "tests/interpreter/program_generator.h"

namespace flow::interpreter {

using sema::Kind;

namespace {

constexpr Kind kinds[] = {Kind::BOOL,      Kind::I8,   Kind::I16,      Kind::I32, Kind::I64, Kind::U8,
                          Kind::U16,       Kind::U32,  Kind::U64,      Kind::F32, Kind::F64, Kind::STRING,
                          Kind::TIMESTAMP, Kind::DATE, Kind::DURATION, Kind::ENUM};

bool is_signed(Kind kind) { return kind >= Kind::I8 && kind <= Kind::I64; }
bool is_ordered(Kind kind) { return kind != Kind::BOOL && kind != Kind::ENUM; }

} // namespace

std::span<const Kind> all_kinds() { return kinds; }

std::string type_text(Kind kind, bool is_nullable) {
  std::string text = kind == Kind::ENUM ? "Color" : sema::text_of(sema::scalar(kind));
  return is_nullable ? text + "?" : text;
}

std::vector<Named> row_fields() {
  std::vector<Named> fields{{"id", Kind::I64}, {"group", Kind::I64}};
  for (Kind kind : kinds) {
    std::string word = type_text(kind, false);
    for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    fields.push_back({word + "_a", kind});
    fields.push_back({word + "_n", kind, true});
  }
  return fields;
}

std::string type_declarations() {
  std::string text = "enum Color = RED | GREEN \"bright green\" | BLUE\ntype Row = {\n";
  for (const Named& field : row_fields())
    text += fmt::format("  {}: {},\n", field.name, type_text(field.kind, field.is_nullable));
  return text + "}\n";
}

std::string ExpressionMaker::one_of(std::initializer_list<const char*> words) {
  return words.begin()[pick(words.size())];
}

Kind ExpressionMaker::any_kind() { return kinds[pick(std::size(kinds))]; }
Kind ExpressionMaker::any_integer() { return static_cast<Kind>(static_cast<size_t>(Kind::I8) + pick(8)); }
Kind ExpressionMaker::any_number() {
  return random_.one_in(4) ? (random_.one_in(2) ? Kind::F32 : Kind::F64) : any_integer();
}

// ---- leaves

std::string ExpressionMaker::literal(Kind kind) {
  switch (kind) {
  case Kind::BOOL: return one_of({"true", "false"});
  case Kind::F32: return fmt::format("f32({})", one_of({"0.5", "-1.25", "1e10", "0.1", "3.0"}));
  case Kind::F64: return fmt::format("({})", one_of({"0.0", "-0.5", "1e300", "0.1", "7.25", "-3.0"}));
  case Kind::STRING:
    return one_of({"\"\"", "\"a\"", "\"b,c\"", "\"say \\\"so\\\"\"", "\"größer\"", "\" 12\"", "\"17\"", "\"-5\""});
  case Kind::TIMESTAMP: return one_of({"@2020-01-01T12:00:00Z", "@1969-12-31T23:59:59.5Z", "@2024-02-29T00:00:00Z"});
  case Kind::DURATION: return one_of({"(90min)", "(1us)", "(-5s)", "(400d)", "(0s)"});
  case Kind::DATE: return fmt::format("date({})", one_of({"@2020-01-01T12:00:00Z", "@1900-03-01T00:00:00Z"}));
  case Kind::ENUM: return one_of({"Color.RED", "Color.GREEN", "Color.BLUE"});
  default: break;
  }
  std::string number = one_of({"0", "1", "2", "3", "7", "10", "100", "127"});
  if (is_signed(kind) && random_.one_in(3)) number = "-" + number;
  if (random_.one_in(6) && kind == Kind::I64)
    number = one_of({"9223372036854775807", "-9223372036854775808", "1000000007"});
  return fmt::format("{}({})", type_text(kind, false), number);
}

std::string ExpressionMaker::leaf(Kind kind) {
  std::vector<const Named*> fitting;
  for (const Named& named : names_) {
    if (named.kind == kind && !named.is_nullable) fitting.push_back(&named);
  }
  if (fitting.empty() || random_.one_in(3)) return literal(kind);
  return fitting[pick(fitting.size())]->name;
}

std::string ExpressionMaker::nullable(Kind kind, int depth) {
  std::vector<const Named*> fitting;
  for (const Named& named : names_) {
    if (named.kind == kind && named.is_nullable) fitting.push_back(&named);
  }
  if (!fitting.empty() && (depth <= 0 || random_.one_in(3))) return fitting[pick(fitting.size())]->name;
  if (depth <= 0) return fmt::format("try({})", leaf(kind));
  switch (pick(4)) {
  case 0: return fmt::format("try({})", value(kind, depth - 1));
  case 1: return fmt::format("(if {} then {} else null)", value(Kind::BOOL, depth - 1), value(kind, depth - 1));
  case 2: return fmt::format("(if {} then null else {})", value(Kind::BOOL, depth - 1), nullable(kind, depth - 1));
  default: return fmt::format("({} ?? {})", nullable(kind, depth - 1), nullable(kind, depth - 1));
  }
}

// ---- what every kind has

std::string ExpressionMaker::value(Kind kind, int depth) {
  if (depth <= 0) return leaf(kind);
  if (random_.one_in(3)) return any_of_kind(kind, depth - 1);
  switch (kind) {
  case Kind::BOOL: return truth(depth - 1);
  case Kind::F32:
  case Kind::F64: return real(kind, depth - 1);
  case Kind::STRING: return text(depth - 1);
  case Kind::TIMESTAMP: return time(depth - 1);
  case Kind::DURATION: return duration(depth - 1);
  case Kind::DATE: return date(depth - 1);
  case Kind::ENUM: return any_of_kind(kind, depth - 1);
  default: return integer(kind, depth - 1);
  }
}

std::string ExpressionMaker::any_of_kind(Kind kind, int depth) {
  switch (pick(6)) {
  case 0:
    return fmt::format("(if {} then {} else {})", value(Kind::BOOL, depth), value(kind, depth), value(kind, depth));
  case 1: return fmt::format("({} ?? {})", nullable(kind, depth), value(kind, depth));
  case 2: return pattern_match(kind, depth);
  case 3: return of_functions(kind, depth);
  case 4: return if_not_null(kind, depth);
  default: return fmt::format("(try({}) ?? {})", value(kind, depth), value(kind, depth));
  }
}

std::string ExpressionMaker::pattern_match(Kind kind, int depth) {
  if (random_.one_in(2))
    return fmt::format("(match {} {{ RED => {}, GREEN | BLUE => {} }})", value(Kind::ENUM, depth), value(kind, depth),
                       value(kind, depth));
  return fmt::format("(match {} {{ 1 | 2 | 3 => {}, 7 => {}, else => {} }})", value(any_integer(), depth),
                     value(kind, depth), value(kind, depth), value(kind, depth));
}

std::string ExpressionMaker::of_functions(Kind kind, int depth) {
  std::vector<const Function*> fitting;
  for (const Function& function : functions_) {
    if (function.result == kind) fitting.push_back(&function);
  }
  if (fitting.empty()) return value(kind, depth);
  const Function& function = *fitting[pick(fitting.size())];
  std::string arguments;
  for (Kind param : function.params) arguments += (arguments.empty() ? "" : ", ") + value(param, depth - 1);
  return fmt::format("{}({})", function.name, arguments);
}

/// Behind a test the name is not null: it can be used as it is.
std::string ExpressionMaker::if_not_null(Kind kind, int depth) {
  std::vector<size_t> fitting;
  for (size_t i = 0; i < names_.size(); i++) {
    if (names_[i].is_nullable) fitting.push_back(i);
  }
  if (fitting.empty()) return value(kind, depth);
  size_t tested = fitting[pick(fitting.size())];
  std::string name = names_[tested].name;
  names_[tested].is_nullable = false;
  std::string there = value(kind, depth);
  names_[tested].is_nullable = true;
  std::string absent = value(kind, depth);
  if (random_.one_in(2)) return fmt::format("(if {} is null then {} else {})", name, absent, there);
  return fmt::format("(if {} is not null and {} then {} else {})", name, value(Kind::BOOL, depth), there, absent);
}

// ---- kind by kind

std::string ExpressionMaker::integer(Kind kind, int depth) {
  switch (pick(kind == Kind::I64 ? 8 : 6)) {
  case 0: return fmt::format("({} {} {})", value(kind, depth), one_of({"/", "%"}), value(kind, depth));
  case 1: {
    Kind from = any_number();
    return fmt::format("{}({})", type_text(kind, false), value(from, depth));
  }
  case 2: return fmt::format("{}({})", type_text(kind, false), value(Kind::STRING, depth));
  case 3: return is_signed(kind) ? fmt::format("(-{})", value(kind, depth)) : value(kind, depth);
  case 6:
  case 7: return whole_function(depth);
  default: return fmt::format("({} {} {})", value(kind, depth), one_of({"+", "-", "*"}), value(kind, depth));
  }
}

/// What the prelude gives as i64.
std::string ExpressionMaker::whole_function(int depth) {
  switch (pick(9)) {
  case 0:
    return fmt::format("{}({}, {})", one_of({"min", "max", "bit_and", "bit_or", "bit_xor"}), value(Kind::I64, depth),
                       value(Kind::I64, depth));
  case 1:
    return fmt::format(
        "{}({}, {})",
        one_of({"wrapping_add", "wrapping_sub", "wrapping_mul", "shift_left", "shift_right", "shift_right_logical"}),
        value(Kind::I64, depth), value(Kind::I64, depth));
  case 2: return fmt::format("{}({})", one_of({"abs", "sign", "bit_not"}), value(Kind::I64, depth));
  case 3: return fmt::format("length({})", value(Kind::STRING, depth));
  case 4: return fmt::format("count_of({}, {})", value(Kind::STRING, depth), value(Kind::STRING, depth));
  case 5:
    return fmt::format("{}({})",
                       one_of({"year", "month", "day", "hour", "minute", "second", "day_of_week", "epoch_ms"}),
                       value(Kind::TIMESTAMP, depth));
  case 6: return fmt::format("{}({})", one_of({"year", "month", "day", "day_of_week"}), value(Kind::DATE, depth));
  case 7: return fmt::format("({} / {})", value(Kind::DURATION, depth), value(Kind::DURATION, depth));
  default:
    return fmt::format("(index_of({}, {}) ?? {})", value(Kind::STRING, depth), value(Kind::STRING, depth),
                       value(Kind::I64, depth));
  }
}

std::string ExpressionMaker::real(Kind kind, int depth) {
  std::string type = type_text(kind, false);
  switch (pick(kind == Kind::F64 ? 6 : 4)) {
  case 0: return fmt::format("{}({})", type, value(any_number(), depth));
  case 1: return fmt::format("{}({})", type, value(Kind::STRING, depth));
  case 2: return fmt::format("(-{})", value(kind, depth));
  case 4: return fmt::format("{}({})", one_of({"abs", "floor", "ceil", "round", "sqrt"}), value(Kind::F64, depth));
  default: return fmt::format("({} {} {})", value(kind, depth), one_of({"+", "-", "*", "/", "%"}), value(kind, depth));
  }
}

std::string ExpressionMaker::truth(int depth) {
  Kind kind = any_kind();
  switch (pick(9)) {
  case 0: return fmt::format("({} and {})", value(Kind::BOOL, depth), value(Kind::BOOL, depth));
  case 1: return fmt::format("({} or {})", value(Kind::BOOL, depth), value(Kind::BOOL, depth));
  case 2: return fmt::format("(not {})", value(Kind::BOOL, depth));
  case 3: return fmt::format("({} is {}null)", nullable(kind, depth), one_of({"", "not "}));
  case 4: return fmt::format("({} {} {})", nullable(kind, depth), one_of({"==", "!="}), value(kind, depth));
  case 5:
    return fmt::format("{}({}, {})", one_of({"contains", "starts_with", "ends_with"}), value(Kind::STRING, depth),
                       value(Kind::STRING, depth));
  case 6: {
    Kind number = any_integer();
    return fmt::format("({} {}in {}{}{})", value(number, depth), one_of({"", "not "}), value(number, depth),
                       one_of({"..", "..<"}), value(number, depth));
  }
  case 7:
    return fmt::format("({} in [{}, {}, {}])", value(kind, depth), value(kind, depth), value(kind, depth),
                       value(kind, depth));
  default: {
    while (!is_ordered(kind)) kind = any_kind();
    return fmt::format("({} {} {})", value(kind, depth), one_of({"<", "<=", ">", ">=", "==", "!="}),
                       value(kind, depth));
  }
  }
}

std::string ExpressionMaker::text(int depth) {
  switch (pick(5)) {
  case 0: return fmt::format("\"{{{}}}-{{{}}}\"", value(any_kind(), depth), value(any_kind(), depth));
  case 1: return fmt::format("{}({})", one_of({"lower", "upper", "trim", "reverse"}), value(Kind::STRING, depth));
  case 2:
    return fmt::format("substring({}, {}, {})", value(Kind::STRING, depth), value(Kind::I64, depth),
                       value(Kind::I64, depth));
  case 3:
    return fmt::format("replace({}, {}, {})", value(Kind::STRING, depth), value(Kind::STRING, depth),
                       value(Kind::STRING, depth));
  default: return fmt::format("string({})", value(any_kind(), depth));
  }
}

std::string ExpressionMaker::time(int depth) {
  switch (pick(6)) {
  case 0:
    return fmt::format("({} {} {})", value(Kind::TIMESTAMP, depth), one_of({"+", "-"}), value(Kind::DURATION, depth));
  case 1: return fmt::format("({} + {})", value(Kind::DURATION, depth), value(Kind::TIMESTAMP, depth));
  case 2: return fmt::format("timestamp({})", value(Kind::DATE, depth));
  case 3: return fmt::format("truncate({}, {})", value(Kind::TIMESTAMP, depth), value(Kind::DURATION, depth));
  case 4: return fmt::format("from_epoch_ms({})", value(Kind::I64, depth));
  default:
    return fmt::format("{}({}, {})", one_of({"min", "max"}), value(Kind::TIMESTAMP, depth),
                       value(Kind::TIMESTAMP, depth));
  }
}

std::string ExpressionMaker::duration(int depth) {
  switch (pick(6)) {
  case 0:
    return fmt::format("({} {} {})", value(Kind::DURATION, depth), one_of({"+", "-", "%"}),
                       value(Kind::DURATION, depth));
  case 1: return fmt::format("({} {} {})", value(Kind::DURATION, depth), one_of({"*", "/"}), value(Kind::I64, depth));
  case 2: return fmt::format("({} - {})", value(Kind::TIMESTAMP, depth), value(Kind::TIMESTAMP, depth));
  case 3: return fmt::format("abs({})", value(Kind::DURATION, depth));
  case 4: return fmt::format("(-{})", value(Kind::DURATION, depth));
  default: return fmt::format("duration({})", value(Kind::I64, depth));
  }
}

std::string ExpressionMaker::date(int depth) { return fmt::format("date({})", value(Kind::TIMESTAMP, depth)); }

} // namespace flow::interpreter
