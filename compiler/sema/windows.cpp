// `key` and `window`: what the next stateful step will use, and what holds after it.
#include <algorithm>
#include <numeric>

#include "compiler/sema/numbers.h"
#include "compiler/sema/pipeline.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

/// A kind of window and what it takes, in this order; all but `offset` must be given.
struct Shape {
  std::string_view name;
  WindowKind kind;
  std::span<const std::string_view> arguments;
  std::string_view usage;
};
constexpr std::string_view tumbling_arguments[] = {"size", "offset"};
constexpr std::string_view hopping_arguments[] = {"size", "slide", "offset"};
constexpr std::string_view session_arguments[] = {"gap"};
constexpr std::string_view cumulate_arguments[] = {"max", "step", "offset"};
constexpr Shape shapes[] = {
    {"tumbling", WindowKind::tumbling, tumbling_arguments, "`tumbling(1h)`"},
    {"hopping", WindowKind::hopping, hopping_arguments,
     "`hopping(1h, 5min)`: windows of an hour, a new one every five minutes"},
    {"session", WindowKind::session, session_arguments, "`session(30min)`: rows at most half an hour apart"},
    {"cumulate", WindowKind::cumulate, cumulate_arguments, "`cumulate(1d, 1h)`: the day so far, told every hour"},
    {"same", WindowKind::same, {}, ""},
    {"global", WindowKind::global, {}, ""},
};
constexpr std::string_view later_windows[] = {"count"};

/// More panes than this in one window would cost more than they tell.
constexpr int64_t panes_max = 100'000;

/// A field that may well be the event time.
std::string_view time_like(const Schema& schema) {
  for (const Column& column : schema.columns) {
    if (column.type == scalar(Kind::TIMESTAMP)) return column.name;
  }
  return "<field>";
}

void report_unknown_window(Checking& check, lang::Name kind) {
  auto report = check.report(DiagnosticKind::unknown_window, kind.range, "there is no window `{}`", kind.text);
  std::vector<std::string_view> names;
  for (const Shape& shape : shapes) names.push_back(shape.name);
  if (kind.text == "sliding")
    report.help("in Flow this is `hopping(size, slide)`");
  else if (!suggest(report, kind.text, names))
    report.help("there are {}", listed(names));
}

/// The durations in the parentheses of a window.
class WindowArguments {
public:
  WindowArguments(Checking& check, const Module& module, const Shape& shape)
      : check_(check), module_(module), shape_(shape), values_(shape.arguments.size(), 0),
        given_(shape.arguments.size(), false) {}

  /// False when something was reported.
  bool read(const lang::Window& window) {
    size_t unnamed = 0;
    bool is_good = true;
    for (const lang::Argument& argument : window.arguments) {
      std::optional<size_t> place = argument.name.is_given() ? place_of(argument) : place_of(argument, unnamed++);
      is_good = place && take(*place, *argument.value) && is_good;
    }
    for (size_t i = 0; i < given_.size(); i++) {
      if (given_[i] || shape_.arguments[i] == "offset") continue;
      check_
          .report(DiagnosticKind::missing_option, window.kind.range, "`{}` needs a {}", shape_.name,
                  shape_.arguments[i])
          .help("write {}", shape_.usage);
      is_good = false;
    }
    return is_good;
  }

  bool takes(std::string_view name) const {
    return std::ranges::find(shape_.arguments, name) != shape_.arguments.end();
  }

  int64_t value(std::string_view name) const {
    return values_[static_cast<size_t>(std::ranges::find(shape_.arguments, name) - shape_.arguments.begin())];
  }

private:
  std::optional<size_t> place_of(const lang::Argument& argument) {
    if (argument.name.text == "zone") {
      check_.not_yet(argument.value->range, "a window by the clock of a time zone");
      return std::nullopt;
    }
    auto found = std::ranges::find(shape_.arguments, argument.name.text);
    if (found != shape_.arguments.end()) return static_cast<size_t>(found - shape_.arguments.begin());
    return refuse(argument.name.range);
  }

  /// The offset is given by its name only: a third duration would say little.
  std::optional<size_t> place_of(const lang::Argument& argument, size_t unnamed) {
    bool is_known = unnamed < shape_.arguments.size() && shape_.arguments[unnamed] != "offset";
    return is_known ? std::optional(unnamed) : refuse(argument.value->range);
  }

  std::optional<size_t> refuse(lang::SourceRange range) {
    auto report = check_.report(DiagnosticKind::unknown_option, range, "`{}` does not take this", shape_.name);
    if (takes("offset"))
      report.help("it takes {}, the offset by name: `offset: 5min`", listed(shape_.arguments));
    else if (!shape_.arguments.empty())
      report.help("write {}", shape_.usage);
    return std::nullopt;
  }

  bool take(size_t place, const lang::Expr& expr) {
    std::string what = fmt::format("the {} of the window", shape_.arguments[place]);
    given_[place] = true;
    std::optional<int64_t> value = check_constant(check_, {.module = &module_}, expr, scalar(Kind::DURATION), what);
    if (!value) return false;
    values_[place] = *value;
    if (*value > 0 || shape_.arguments[place] == "offset") return true;
    check_.report(DiagnosticKind::bad_value, expr.range, "{} must be longer than nothing", what);
    return false;
  }

  Checking& check_;
  const Module& module_;
  const Shape& shape_;
  std::vector<int64_t> values_;
  std::vector<bool> given_;
};

bool has_sound_slide(Checking& check, lang::SourceRange range, const Window& window) {
  std::string size = duration_text(window.size_us), slide = duration_text(window.slide_us);
  if (window.slide_us > window.size_us) {
    check
        .report(DiagnosticKind::bad_value, range, "between windows of {} that begin every {}, rows would be lost", size,
                slide)
        .help("the size comes first: `hopping({}, {})`", slide, size);
    return false;
  }
  if (window.size_us / std::gcd(window.size_us, window.slide_us) <= panes_max) return true;
  check.report(DiagnosticKind::bad_value, range, "windows of {} every {} overlap too finely", size, slide)
      .help("take a slide that divides the size");
  return false;
}

/// A step divides the longest window, so that the last of a row of windows is whole.
bool has_sound_step(Checking& check, lang::SourceRange range, const Window& window) {
  std::string max = duration_text(window.size_us), step = duration_text(window.slide_us);
  if (window.slide_us > window.size_us) {
    check.report(DiagnosticKind::bad_value, range, "windows that grow up to {} cannot grow by {}", max, step)
        .help("the longest window comes first: `cumulate({}, {})`", step, max);
    return false;
  }
  if (window.size_us % window.slide_us != 0) {
    int64_t shorter = window.size_us / window.slide_us * window.slide_us;
    check
        .report(DiagnosticKind::bad_value, range, "steps of {} do not divide {}: the last window would be cut", step,
                max)
        .help("take a step that divides it, or another longest window: `cumulate({}, {})`", duration_text(shorter),
              step);
    return false;
  }
  if (window.size_us / window.slide_us <= panes_max) return true;
  check.report(DiagnosticKind::bad_value, range, "steps of {} are too fine for windows up to {}", step, max)
      .help("a window may have {} steps", panes_max);
  return false;
}

} // namespace

bool are_same_windows(const Window& one, const Window& other) {
  auto is_cumulated = [](const Window& window) { return window.kind == WindowKind::cumulate || window.is_cumulated; };
  auto is_session = [](const Window& window) { return window.kind == WindowKind::session; };
  return is_session(one) == is_session(other) && is_cumulated(one) == is_cumulated(other) &&
         one.size_us == other.size_us && one.slide_us == other.slide_us && one.offset_us == other.offset_us;
}

void PipelineChecker::key(const lang::Step& step, const lang::Key& key) {
  if (state_.key_range) {
    check_.report(DiagnosticKind::missing_step, step.range, "the rows have a key already, which no step has used")
        .note(*state_.key_range, "it is set here")
        .help("one key may have many parts: `| key {{ a, b }}`");
    state_.keys.clear();
  }
  state_.key_range = step.range;
  const auto* record = key.key->as<lang::RecordExpr>();
  if (record == nullptr) {
    if (key.key->as<lang::NameExpr>() != nullptr || key.key->as<lang::Member>() != nullptr)
      return add_key({}, *key.key);
    const Expr* value = check_expr(check_, scope(), *key.key);
    if (value->type.is_error()) return;
    check_.report(DiagnosticKind::missing_name, key.key->range, "a computed key needs a name")
        .help("write `key {{ name: {} }}`", check_.written(key.key->range));
    return;
  }
  for (const lang::RecordMember& member : record->members) {
    if (member.is_spread) {
      check_.report(DiagnosticKind::missing_name, member.value->range, "a key names its fields one by one");
    } else {
      add_key(member.name, *member.value);
    }
  }
  if (record->members.empty()) {
    check_.report(DiagnosticKind::missing_record, key.key->range, "a key needs at least one field")
        .help("without `key` the next step is over all rows");
  }
}

void PipelineChecker::add_key(lang::Name name, const lang::Expr& expr) {
  if (!name.is_given()) {
    if (const auto* bare = expr.as<lang::NameExpr>()) name = {bare->name, expr.range};
    if (const auto* member = expr.as<lang::Member>()) name = member->name;
  }
  const Expr* value = field_value(expr);
  if (!name.is_given()) {
    if (!value->type.is_error()) {
      check_.report(DiagnosticKind::missing_name, expr.range, "a computed key needs a name")
          .help("write `name: {}`", check_.written(expr.range));
    }
    return;
  }
  auto is_of_name = [&](const KeyColumn& key) {
    return key.name == name.text || key.name.starts_with(std::string(name.text) + ".");
  };
  if (std::ranges::any_of(state_.keys, is_of_name)) {
    check_.report(DiagnosticKind::duplicate_name, name.range, "the key has `{}` already", name.text);
    return;
  }
  if (value->kind == ExprKind::record && !require_value(check_, *value, "a key")) return;
  std::vector<Column> columns;
  std::vector<const Expr*> values;
  add_columns(check_, name.text, value->type, columns);
  add_values(*value, values);
  for (size_t i = 0; i < columns.size(); i++) state_.keys.push_back({columns[i].name, values[i]});
}

void PipelineChecker::window(const lang::Step& step, const lang::Window& window) {
  if (state_.window) {
    check_.report(DiagnosticKind::missing_step, step.range, "the rows are in a window already, which no step has used")
        .note(state_.window->range, "it is here")
        .help("put an `aggregate` or `top` between the two");
  }
  bool is_good = !refuse_later(window);
  Window made;
  is_good = window_shape(step, window, made) && is_good;
  if (window.late_allow != nullptr) is_good = late_allow(window, made) && is_good;
  require_time(step);
  if (!is_good && made.kind == WindowKind::global)
    made.kind = WindowKind::tumbling; // nothing else is to follow from it
  if (made.kind == WindowKind::global) return;
  PendingWindow pending{made, nullptr, step.range};
  if (window.late_to.is_given()) {
    for (const auto& symbol : module_.symbols) {
      bool is_it = symbol->kind == SymbolKind::late_rows && symbol->range == window.late_to.range;
      if (is_it) pending.late = symbol.get();
    }
  }
  state_.window = pending;
  if (!is_good) state_.window->window.size_us = state_.window->window.slide_us = 1'000'000;
}

bool PipelineChecker::refuse_later(const lang::Window& window) {
  if (window.emit == lang::EmitKind::on_update || window.emit == lang::EmitKind::every) {
    check_.not_yet(window.emit_range, "a window that gives results before it closes");
  }
  if (window.by_processing_time) check_.not_yet(window.processing_time_range, "a window by processing time");
  return window.emit == lang::EmitKind::on_update || window.emit == lang::EmitKind::every || window.by_processing_time;
}

void PipelineChecker::require_time(const lang::Step& step) {
  if (state_.schema.has_time || state_.is_unknown) return;
  if (state_.is_table) {
    check_
        .report(DiagnosticKind::missing_time, step.range,
                "a window needs event time, and the rows of a table have none")
        .help("put a window before the aggregate that makes the table");
    return;
  }
  check_.report(DiagnosticKind::missing_time, step.range, "a window needs event time, and these rows have none")
      .help("say at the source which field it is, and how late a row may be: `time {}` and `watermark lag 1min`",
            time_like(state_.schema));
}

/// Kind, size, slide and offset. False when something was reported.
bool PipelineChecker::window_shape(const lang::Step& step, const lang::Window& window, Window& made) {
  std::string_view kind = window.kind.text;
  if (std::ranges::find(later_windows, kind) != std::end(later_windows)) {
    check_.not_yet(window.kind.range, "a window `" + std::string(kind) + "`");
    return false;
  }
  auto found = std::ranges::find(shapes, kind, &Shape::name);
  if (found == std::end(shapes)) {
    report_unknown_window(check_, window.kind);
    return false;
  }
  WindowArguments arguments(check_, module_, *found);
  if (!arguments.read(window)) return false;
  made.kind = found->kind;
  if (made.kind == WindowKind::same) return window_same(step, made);
  if (made.kind == WindowKind::global) return true;
  if (made.kind == WindowKind::session) {
    made.size_us = made.slide_us = arguments.value("gap");
    return true;
  }
  if (made.kind == WindowKind::cumulate) {
    made.size_us = arguments.value("max");
    made.slide_us = arguments.value("step");
    int64_t offset = arguments.value("offset");
    made.offset_us = (offset % made.size_us + made.size_us) % made.size_us;
    return has_sound_step(check_, step.range, made);
  }
  made.size_us = arguments.value("size");
  made.slide_us = made.kind == WindowKind::hopping ? arguments.value("slide") : made.size_us;
  int64_t offset = arguments.value("offset");
  made.offset_us = (offset % made.slide_us + made.slide_us) % made.slide_us;
  return has_sound_slide(check_, step.range, made);
}

/// The window that the rows came out of.
bool PipelineChecker::window_same(const lang::Step& step, Window& made) {
  if (state_.out_of && has_field(state_.schema, "window_start")) {
    Window from = *state_.out_of;
    if (from.kind == WindowKind::session) {
      check_.not_yet(step.range, "`window same` behind session windows");
      return false;
    }
    made = {.kind = WindowKind::same,
            .size_us = from.size_us,
            .slide_us = from.slide_us,
            .offset_us = from.offset_us,
            .is_cumulated = from.kind == WindowKind::cumulate || from.is_cumulated};
    return true;
  }
  if (state_.is_unknown) return true;
  auto report =
      check_.report(DiagnosticKind::missing_window, step.range, "`window same` needs rows that came out of a window");
  report.help("put a windowed step before it: `| window tumbling(1h) | aggregate …`");
  report.help("its result has the fields `window_start` and `window_end`, which must be kept until here");
  return false;
}

Window PipelineChecker::take_window(std::vector<KeyColumn>& keys) {
  Window window;
  taken_late_ = nullptr;
  if (state_.window) {
    window = state_.window->window;
    taken_late_ = state_.window->late;
    bool is_taken =
        taken_late_ != nullptr && (taken_late_->progress == Progress::done ||
                                   std::ranges::find(late_, taken_late_, &BoundLate::symbol) != late_.end());
    if (is_taken) {
      check_
          .report(DiagnosticKind::duplicate_name, state_.window->range,
                  "two steps use this window, so both would send late rows to `{}`", taken_late_->name)
          .help("give each of them a window of its own");
      taken_late_ = nullptr;
    }
  }
  keys = std::move(state_.keys);
  bool has_wrong_part = std::erase_if(keys, [](const KeyColumn& key) { return key.value->type.is_error(); }) != 0;
  taken_key_is_known_ = !has_wrong_part && keys.empty() != state_.key_range.has_value();
  state_.keys.clear();
  state_.key_range.reset();
  state_.window.reset();
  return window;
}

/// State is found again by the names of its stream and step, so a stream has one step of each kind.
void PipelineChecker::require_own_name(const lang::Step& step, std::string_view word) {
  if (words_.find(word) == words_.end()) return;
  check_
      .report(DiagnosticKind::duplicate_name, step.range,
              "`{}` has a step `{}` already, and state is found again by these names", name_, word)
      .help("give the rows between the two a name: `stream other = …`");
}

void PipelineChecker::check_bound(const lang::StateBound& bound, const Window& window) {
  if (bound.kind == lang::BoundKind::unsaid) return;
  if (window.kind != WindowKind::global) {
    check_.report(DiagnosticKind::bad_clause, bound.range, "the state of a windowed step ends with its window")
        .help("leave it out");
  } else if (bound.kind == lang::BoundKind::expires) {
    check_.not_yet(bound.range, "state that expires");
  }
}

/// REQUIRES: the step has just been pushed.
void PipelineChecker::after_stateful(Window window, Symbol* late, const Schema& input) {
  bool is_windowed = window.kind != WindowKind::global;
  state_.is_table = !is_windowed || window.late_allow_us > 0;
  state_.has_left_window = !is_windowed && state_.out_of.has_value();
  if (is_windowed)
    state_.out_of = window;
  else
    state_.out_of.reset();
  if (late != nullptr) late_.push_back({late, static_cast<uint32_t>(stream_.steps.size() - 1), input});
}

} // namespace flow::sema
