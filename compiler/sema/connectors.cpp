#include "compiler/sema/connectors.h"

#include <algorithm>
#include <array>

#include "compiler/sema/conversion.h"
#include "lang/diagnostics/nearest.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

constexpr std::string_view timestamp_forms[] = {"iso", "s", "ms", "us"};
constexpr std::string_view text_forms[] = {"json", "csv"};

constexpr OptionSpec csv_source[] = {
    {.name = "path", .is_required = true},
    {.name = "header", .kind = Kind::BOOL},
    {.name = "delimiter"},
    {.name = "null"},
    {.name = "timestamps", .option_kind = OptionKind::choice, .choices = timestamp_forms},
    {.name = "rate", .kind = Kind::F64},
};
constexpr OptionSpec json_source[] = {
    {.name = "path", .is_required = true},
    {.name = "timestamps", .option_kind = OptionKind::choice, .choices = timestamp_forms},
    {.name = "rate", .kind = Kind::F64},
};
constexpr OptionSpec text_source[] = {
    {.name = "path", .is_required = true},
    {.name = "rate", .kind = Kind::F64},
};
constexpr OptionSpec generate_source[] = {
    {.name = "count", .kind = Kind::I64},
    {.name = "splits", .kind = Kind::I64},
    {.name = "seed", .kind = Kind::I64},
    {.name = "rate", .kind = Kind::F64},
    {.name = "fields", .option_kind = OptionKind::fields},
};
constexpr OptionSpec csv_sink[] = {
    {.name = "path", .is_required = true},
    {.name = "header", .kind = Kind::BOOL},
};
constexpr OptionSpec json_sink[] = {{.name = "path", .is_required = true}};
constexpr OptionSpec console_sink[] = {{.name = "format", .option_kind = OptionKind::choice, .choices = text_forms}};

constexpr ConnectorSpec connectors[] = {
    {"csv", true, "file", "csv", csv_source},
    {"json", true, "file", "json", json_source},
    {"text_lines", true, "file", "text", text_source},
    {"generate", true, "generate", "", generate_source},
    {"csv", false, "file", "csv", csv_sink},
    {"json", false, "file", "json", json_sink},
    {"console", false, "console", "json", console_sink},
    {"discard", false, "discard", "", {}},
};

/// Parts of the language that are there later, or are called otherwise.
constexpr std::string_view later_connectors[] = {"kafka", "redis", "postgres", "parquet", "socket", "http"};

class OptionChecker {
public:
  OptionChecker(Checking& check, const Module& module, const ConnectorSpec& spec, const lang::Connector& connector)
      : check_(check), module_(module), spec_(spec), connector_(connector), given_(spec.options.size()) {}

  CheckedOptions run() {
    checked_.format = spec_.format;
    size_t unnamed = 0;
    for (const lang::Argument& argument : connector_.arguments) {
      if (const OptionSpec* option = find(argument, unnamed)) take(*option, argument);
    }
    for (size_t i = 0; i < spec_.options.size(); i++) {
      if (spec_.options[i].is_required && !given_[i]) report_missing(spec_.options[i]);
    }
    return std::move(checked_);
  }

private:
  const OptionSpec* find(const lang::Argument& argument, size_t& unnamed) {
    if (!argument.name.is_given()) {
      if (unnamed < spec_.options.size()) return &spec_.options[unnamed++];
      check_.report(DiagnosticKind::unknown_option, argument.value->range, "`{}` takes no further argument",
                    spec_.name);
      return nullptr;
    }
    auto found = std::ranges::find(spec_.options, argument.name.text, &OptionSpec::name);
    if (found != spec_.options.end()) return &*found;
    auto report = check_.report(DiagnosticKind::unknown_option, argument.name.range, "{} `{}` has no `{}`",
                                spec_.is_source ? "the source" : "the sink", spec_.name, argument.name.text);
    std::vector<std::string_view> names, separators = {"separator", "sep", "delim"};
    for (const OptionSpec& option : spec_.options) names.push_back(option.name);
    bool is_separator =
        spec_.format == "csv" && spec_.is_source && !lang::nearest(argument.name.text, separators).empty();
    if (is_separator)
      report.help("in Flow this is `delimiter`");
    else if (!suggest(report, argument.name.text, names) && !names.empty())
      report.help("it takes {}", listed(names));
    return nullptr;
  }

  void take(const OptionSpec& option, const lang::Argument& argument) {
    size_t index = static_cast<size_t>(&option - spec_.options.data());
    if (given_[index]) {
      check_.report(DiagnosticKind::duplicate_name, argument.value->range, "`{}` is given twice", option.name);
      return;
    }
    given_[index] = true;
    switch (option.option_kind) {
    case OptionKind::value: take_value(option, *argument.value); break;
    case OptionKind::choice: take_choice(option, *argument.value); break;
    case OptionKind::fields: checked_.fields = argument.value; break;
    }
  }

  void take_value(const OptionSpec& option, const lang::Expr& expr) {
    Type type = scalar(option.kind);
    std::string what = "`" + std::string(option.name) + "` of `" + std::string(spec_.name) + "`";
    const Expr* value = coerce(check_, check_expr(check_, {.module = &module_}, expr, type), type, what);
    if (option.name == "seed") checked_.seed = value;
    if (option.name == "count") checked_.has_count = true;
    if (value->type.is_error() || !is_sensible(option, *value)) return;
    checked_.options.push_back({option.name, value});
  }

  bool is_sensible(const OptionSpec& option, const Expr& value) {
    if (!is_constant(value)) return true;
    auto refuse = [&](std::string_view why) {
      check_.report(DiagnosticKind::bad_value, value.range, "{}", why);
      return false;
    };
    if (option.name == "delimiter" && value.text.size() != 1) return refuse("a delimiter is one character of ASCII");
    if (option.name == "count" && value.int_value < 0) return refuse("`count` cannot be negative");
    if (option.name == "splits" && value.int_value < 1) return refuse("`splits` must be at least 1");
    if (option.name == "rate" && value.float_value < 0)
      return refuse("`rate` cannot be negative; 0 is as fast as possible");
    if (option.name == "path" && value.text.empty()) return refuse("the path is empty");
    return true;
  }

  void take_choice(const OptionSpec& option, const lang::Expr& expr) {
    const Expr* value = check_expr(check_, {.module = &module_}, expr);
    if (value->type.is_error()) return;
    bool is_text = is_constant(*value) && value->type.kind == Kind::STRING;
    if (!is_text || std::ranges::find(option.choices, value->text) == option.choices.end()) {
      auto report = check_.report(DiagnosticKind::bad_value, expr.range, "`{}` of `{}` is one of {}", option.name,
                                  spec_.name, listed(option.choices));
      report.help("write it as a text: `{}: \"{}\"`", option.name, option.choices[0]);
      return;
    }
    if (option.name == "format")
      checked_.format = value->text;
    else
      checked_.options.push_back({option.name, value});
  }

  void report_missing(const OptionSpec& option) {
    auto report =
        check_.report(DiagnosticKind::missing_option, connector_.range, "`{}` needs a `{}`", spec_.name, option.name);
    report.help("write `{}(\"{}\")`", spec_.name, spec_.is_source ? "data/input" : "out/result");
  }

  Checking& check_;
  const Module& module_;
  const ConnectorSpec& spec_;
  const lang::Connector& connector_;
  std::vector<bool> given_;
  CheckedOptions checked_;
};

} // namespace

const ConnectorSpec* find_connector(Checking& check, const lang::Connector& connector, bool is_source) {
  std::vector<std::string_view> names;
  const ConnectorSpec* other_side = nullptr;
  for (const ConnectorSpec& spec : connectors) {
    if (spec.is_source == is_source) names.push_back(spec.name);
    if (spec.name != connector.name.text) continue;
    if (spec.is_source == is_source) return &spec;
    other_side = &spec;
  }
  std::string_view name = connector.name.text;
  if (std::ranges::find(later_connectors, name) != std::end(later_connectors)) {
    check.not_yet(connector.name.range, "the connector `" + std::string(name) + "`");
    return nullptr;
  }
  auto report = check.report(DiagnosticKind::unknown_connector, connector.name.range, "there is no {} `{}`",
                             is_source ? "source" : "sink", name);
  if (other_side != nullptr) report.note(connector.name.range, "`{}` is a {}", name, is_source ? "sink" : "source");
  if (!suggest(report, name, names)) report.help("there are {}", listed(names));
  return nullptr;
}

CheckedOptions check_options(Checking& check, const Module& module, const ConnectorSpec& spec,
                             const lang::Connector& connector) {
  return OptionChecker(check, module, spec, connector).run();
}

} // namespace flow::sema
