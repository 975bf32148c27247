// make_case SEED FOLDER: writes a random program, its input, and what the interpreter says comes out of it.
//
//   program.flow    streams of expressions and of operators, each with a sink to {out}/NAME
//   rows.csv        the input
//   expected/NAME.csv
#include <filesystem>
#include <fstream>
#include <iostream>

#include "runtime/formats/csv_encoder.h"
#include "tests/interpreter/functions.h"
#include "tests/interpreter/interpreter.h"
#include "tests/interpreter/numbers.h"
#include "tests/interpreter/program_generator.h"
#include "tests/unit/sema_fixture.h"

namespace flow::interpreter {

using runtime::Random;
using sema::Kind;

namespace {

constexpr int expression_count = 60, operator_count = 6, function_count = 3, row_count = 80;
constexpr int tried_in_stream = 12; // expressions of one `select`

constexpr const char* source_text = "source rows: Row = csv(\"rows.csv\")\n";

// ---- the program

class CaseMaker {
public:
  explicit CaseMaker(uint64_t seed) : random_(seed) {}

  std::string program() {
    head_ = "param out: string = \"out\"\n" + type_declarations() + source_text;
    for (int i = 0; i < function_count; i++) add_function(i);
    std::string tried;
    for (int i = 0; i < expression_count; i++) {
      std::string expression = sound_expression();
      tried += fmt::format(",\n  e{}: try({})", i, expression);
      if (i % tried_in_stream == tried_in_stream - 1)
        add_stream(fmt::format("select {{ id{} }}", std::exchange(tried, "")));
      if (i % 4 == 0) add_stream(fmt::format("select {{ id, value: {} }} on error skip", expression));
    }
    for (int i = 0; i < 4; i++) add_stream(sound_filter());
    for (int i = 0; i < operator_count; i++) {
      std::string name = fmt::format("Op{}", i);
      body_ += sound([&] { return OperatorMaker(random_, functions_).operator_text(name); },
                     [&](const std::string& text) { return text + sink_of("process " + name); });
      add_stream("process " + name);
    }
    return head_ + body_;
  }

private:
  static std::string sink_of(const std::string& steps) { return "sink rows | " + steps + " -> discard()\n"; }

  /// The first text that the compiler takes, in the program that `whole` makes of it.
  template <typename Make, typename Whole> std::string sound(Make make, Whole whole) {
    constexpr int attempts = 200;
    for (int i = 0; i < attempts; i++) {
      std::string text = make();
      sema::Checked checked = sema::check_text(head_ + whole(text));
      bool is_known = std::ranges::all_of(checked.program.externs,
                                          [](const sema::Extern& callee) { return knows_function(callee.symbol); });
      if (!checked.emitter->has_errors() && is_known) return text;
      last_message_ = checked.messages();
    }
    std::cerr << "make_case: no sound text in " << attempts << " attempts; the last one: " << last_message_ << "\n";
    std::exit(1);
  }

  Kind any_kind() { return all_kinds()[random_.below(all_kinds().size())]; }

  void add_function(int number) {
    ExpressionMaker::Function function{fmt::format("f{}", number), {any_kind(), any_kind()}, any_kind()};
    std::string head = fmt::format("fn {}(a: {}, b: {}) -> {} = ", function.name, type_text(function.params[0], false),
                                   type_text(function.params[1], false), type_text(function.result, false));
    ExpressionMaker make(random_, {{"a", function.params[0]}, {"b", function.params[1]}}, functions_);
    head_ += head +
             sound([&] { return make.value(function.result, 3); },
                   [&](const std::string& text) { return head + text + "\n" + sink_of("drop id"); }) +
             "\n";
    functions_.push_back(function);
  }

  std::string sound_expression() {
    ExpressionMaker make(random_, row_fields(), functions_);
    return sound(
        [&] {
          int depth = static_cast<int>(random_.between(2, 5));
          return random_.one_in(4) ? make.nullable(any_kind(), depth) : make.value(any_kind(), depth);
        },
        [&](const std::string& text) { return sink_of("select { id, value: " + text + " } on error skip"); });
  }

  std::string sound_filter() {
    ExpressionMaker make(random_, row_fields(), functions_);
    return sound([&] { return fmt::format("where {} on error skip", make.value(Kind::BOOL, 4)); }, sink_of);
  }

  void add_stream(const std::string& steps) {
    body_ += fmt::format("stream s{0} = rows | {1}\nsink s{0} -> csv(\"{{out}}/s{0}\")\n", streams_++, steps);
  }

  Random random_;
  std::vector<ExpressionMaker::Function> functions_;
  std::string head_, body_, last_message_;
  int streams_ = 0;
};

// ---- the rows

class RowMaker {
public:
  explicit RowMaker(uint64_t seed) : random_(seed) {}

  Row row(int64_t id) {
    Row row;
    for (const Named& field : row_fields()) {
      bool is_null = field.is_nullable && random_.one_in(3);
      row.push_back(is_null ? null_value() : value(field.kind));
    }
    row[0] = of_integer(id);
    row[1] = of_integer(random_.between(0, 4));
    return row;
  }

private:
  Value value(Kind kind) {
    constexpr int64_t century_us = int64_t{100} * 365 * 86'400 * 1'000'000;
    switch (kind) {
    case Kind::BOOL: return of_bool(random_.one_in(2));
    case Kind::ENUM: return of_integer(random_.between(0, 2));
    case Kind::DATE: return of_integer(random_.between(-40'000, 60'000));
    case Kind::TIMESTAMP: return of_integer(random_.between(-century_us, century_us));
    case Kind::DURATION:
      return of_integer(random_.one_in(2) ? random_.between(-100, 100) * 60'000'000
                                          : random_.between(-century_us, century_us));
    case Kind::F32: return of_real(static_cast<float>(real()));
    case Kind::F64: return of_real(real());
    case Kind::STRING: return of_text(text());
    default: return integer(kind);
    }
  }

  /// Small ones, any at all, and those at the ends of the kind.
  Value integer(Kind kind) {
    uint64_t bits = random_.one_in(3) ? random_.next() : static_cast<uint64_t>(random_.between(-10, 20));
    if (random_.one_in(8)) bits = uint64_t{1} << (8 * sema::size_of(kind) - 1);
    if (random_.one_in(8)) bits = (uint64_t{1} << (8 * sema::size_of(kind) - 1)) - 1;
    return cut(bits, kind);
  }

  static Value cut(uint64_t bits, Kind kind) {
    switch (kind) {
    case Kind::I8: return of_integer(static_cast<int8_t>(bits));
    case Kind::I16: return of_integer(static_cast<int16_t>(bits));
    case Kind::I32: return of_integer(static_cast<int32_t>(bits));
    case Kind::U8: return of_integer(static_cast<uint8_t>(bits));
    case Kind::U16: return of_integer(static_cast<uint16_t>(bits));
    case Kind::U32: return of_integer(static_cast<uint32_t>(bits));
    default: return of_integer(static_cast<int64_t>(bits));
    }
  }

  double real() {
    constexpr double odd[] = {0.0,    -0.0,     1e300,     -1e-300, 9007199254740993.0, 2147483648.0, -128.5,
                              255.99, INFINITY, -INFINITY, NAN};
    if (random_.one_in(4)) return odd[random_.below(std::size(odd))];
    return static_cast<double>(random_.between(-100'000, 100'000)) / 64;
  }

  std::string text() {
    constexpr const char* texts[] = {"",
                                     "12",
                                     "-7",
                                     "1.5",
                                     "true",
                                     "2020-01-01",
                                     "2020-01-01T00:00:00Z",
                                     "90min",
                                     "300",
                                     "Äpfel, \"süß\"",
                                     "a\nb",
                                     " x ",
                                     "日本語",
                                     "aaaa",
                                     "18446744073709551615",
                                     "e"};
    return texts[random_.below(std::size(texts))];
  }

  Random random_;
};

// ---- files

void write_rows(const std::filesystem::path& path, const std::vector<sema::Column>& columns,
                const std::vector<Row>& rows) {
  std::vector<runtime::Field> fields;
  for (const sema::Column& column : columns) {
    runtime::Field field{
        .name = column.name, .kind = static_cast<FlowKind>(column.type.kind), .is_nullable = column.type.nullable};
    if (column.type.kind == Kind::ENUM) {
      field.enum_name = column.type.enumeration->name;
      field.texts.assign(column.type.enumeration->texts.begin(), column.type.enumeration->texts.end());
    }
    fields.push_back(std::move(field));
  }
  const FlowConnector without_options{};
  auto encoder = runtime::make_csv_encoder(std::move(fields), runtime::Options(without_options, nullptr)).value();
  std::string text = encoder->header();
  for (const Row& row : rows) {
    std::vector<FlowCell> cells;
    for (size_t i = 0; i < columns.size(); i++) {
      FlowCell cell{};
      cell.is_null = row[i].is_null ? 1 : 0;
      if (columns[i].type.is_text())
        runtime::set_text(&cell, row[i].text);
      else if (columns[i].type.is_float())
        cell.value.f = row[i].real;
      else
        cell.value.i = row[i].integer;
      cells.push_back(row[i].is_null ? runtime::null_cell() : cell);
    }
    encoder->append(cells.data(), text);
  }
  std::ofstream(path) << text;
}

int run(uint64_t seed, const std::filesystem::path& folder) {
  std::string text = CaseMaker(seed).program();
  std::filesystem::create_directories(folder / "expected");
  std::ofstream(folder / "program.flow") << text;
  sema::Checked checked = sema::check_text(text, {}, "program.flow");
  if (checked.emitter->has_errors()) {
    std::cerr << checked.messages();
    return 1;
  }
  std::vector<Row> rows;
  RowMaker make(seed);
  for (int i = 0; i < row_count; i++) rows.push_back(make.row(i));
  const sema::TypedProgram& program = checked.program;
  write_rows(folder / "rows.csv", checked.stream("rows").schema().columns, rows);
  for (const sema::Sink& sink : program.sinks) {
    const sema::Stream& stream = program.streams[sink.stream];
    write_rows(folder / "expected" / (std::string(stream.name) + ".csv"), stream.schema().columns,
               Interpreter(program).rows_of(stream, rows));
  }
  return 0;
}

} // namespace

} // namespace flow::interpreter

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: make_case SEED FOLDER\n";
    return 2;
  }
  return flow::interpreter::run(std::stoull(argv[1]), argv[2]);
}
