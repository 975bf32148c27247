// join: which two rows are a pair, what is kept until it is known, and the row that comes of it.
//
// The rows of the other side are one field of the result, a record: its columns are "x.a", "x.b", … In `on` they have
// the same names, behind the columns of the row that flows.
#include <algorithm>

#include "compiler/sema/pipeline.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

JoinKind kind_of(lang::JoinKind kind) { return static_cast<JoinKind>(kind); }

/// Which sides of a pair an expression reads. Columns before `width` are those of the left row.
struct Reads {
  bool left = false, right = false;
};
void find_reads(const Expr& expr, uint32_t width, Reads& reads) {
  if (expr.kind == ExprKind::column) (expr.index < width ? reads.left : reads.right) = true;
  for (const Expr* arg : expr.args) find_reads(*arg, width, reads);
}
bool reads_only_left(const Expr& expr, uint32_t width) {
  Reads reads;
  find_reads(expr, width, reads);
  return reads.left && !reads.right;
}
bool reads_only_right(const Expr& expr, uint32_t width) {
  Reads reads;
  find_reads(expr, width, reads);
  return reads.right && !reads.left;
}

/// The same over the right row alone.
const Expr* over_right(Checking& check, const Expr& expr, uint32_t width) {
  if (expr.kind == ExprKind::column) return check.make.column(expr.index - width, expr.type, expr.range);
  if (expr.args.empty()) return &expr;
  std::vector<const Expr*> args;
  for (const Expr* arg : expr.args) args.push_back(over_right(check, *arg, width));
  return check.make.rebuilt(expr, args);
}

void add_conjuncts(const Expr& condition, std::vector<const Expr*>& conjuncts) {
  if (condition.kind != ExprKind::logical_and) return conjuncts.push_back(&condition);
  for (const Expr* arg : condition.args) add_conjuncts(*arg, conjuncts);
}

/// What a part of the key is called in state: as the field, if it is one, else by its number.
std::string_view key_name(Checking& check, const Expr& value, const Schema& rows, const std::vector<KeyColumn>& keys) {
  if (value.kind == ExprKind::column) {
    std::string_view name = rows.columns[value.index].name;
    if (std::ranges::find(keys, name, &KeyColumn::name) == keys.end()) return name;
  }
  std::string number = fmt::format("{}", keys.size() + 1);
  return check.arena.copy(std::string_view(number));
}

/// `a.x == b.y`: the part of `on` that finds the rows. False if it is something else.
bool take_key(Checking& check, const Expr& condition, const Schema& rows, Join& made) {
  auto width = static_cast<uint32_t>(rows.columns.size());
  if (condition.kind != ExprKind::equal) return false;
  const Expr *left = condition.args[0], *right = condition.args[1];
  if (reads_only_right(*left, width)) std::swap(left, right);
  if (!reads_only_left(*left, width) || !reads_only_right(*right, width)) return false;
  std::string_view name = key_name(check, *left, rows, made.keys);
  made.keys.push_back({name, left});
  made.other_keys.push_back({name, over_right(check, *right, width)});
  // As keys all that is not a number is one value, but nothing is equal to it.
  return !left->type.is_float();
}

/// Columns of the left row where it is not sure that there is one. The bounds of its window are, whatever else is not.
void add_optional_left(const std::vector<Column>& row, bool has_window, Schema& result,
                       std::vector<JoinColumn>& places) {
  std::string_view record; // whose fields follow
  for (uint32_t i = 0; i < row.size(); i++) {
    Column column = row[i];
    std::string_view owner = column.name.substr(0, column.name.find('.'));
    bool is_inside = owner.size() < column.name.size();
    if (is_inside && owner != record) {
      result.columns.push_back({owner, scalar(Kind::BOOL), true});
      places.push_back({JoinColumn::From::has_left});
    }
    record = is_inside || column.marks_record ? owner : std::string_view();
    bool is_bound = has_window && (column.name == "window_start" || column.name == "window_end");
    if (!is_inside && !column.marks_record && !is_bound) column.type = column.type.with_null();
    result.columns.push_back(column);
    places.push_back({JoinColumn::From::pair, i});
  }
}

} // namespace

void PipelineChecker::join(const lang::Step& step, const lang::Join& join) {
  require_own_name(step, "join");
  if (state_.key_range) {
    check_
        .report(DiagnosticKind::missing_step, *state_.key_range, "no step uses this key: a `join` has its own in `on`")
        .help("leave it out");
  }
  bool is_good = check_join_form(step, join);
  Join made{.kind = kind_of(join.kind)};
  if (is_good && join.within != nullptr) {
    made.within = interval(step, join);
    is_good = made.within.has_value();
  }
  std::vector<KeyColumn> unused;
  made.window = take_window(unused);
  if (made.window.late_allow_us > 0) {
    check_.not_yet(step.range, "a `join` that late rows change (`late allow`)");
    state_.is_unknown = true;
  }
  if (taken_late_ != nullptr) check_.not_yet(step.range, "a `join` whose late rows are a stream (`late to`)");
  std::string feed_name = fmt::format("{}.feed{}", name_, ++words_["feed"]);
  Flow other = check_feed(check_, module_, decl_, join.other, check_.arena.copy(std::string_view(feed_name)));
  std::optional<std::string_view> name = other_name(join);
  made.other = other.stream;
  state_.is_endless = state_.is_endless || other.state.is_endless;
  state_.may_idle = state_.may_idle || other.state.may_idle;
  if (state_.is_unknown || state_.is_table || other.state.is_unknown || !name) {
    state_.is_unknown = true;
    return;
  }
  is_good = check_other(join, other.state, made) && is_good;
  Schema pair = state_.schema;
  for (const Column& column : other.state.schema.columns) {
    std::string path = fmt::format("{}.{}", *name, column.name);
    pair.columns.push_back({check_.arena.copy(std::string_view(path)), column.type, column.marks_record});
  }
  is_good = join_condition(join, pair, made) && is_good;
  const Schema input = state_.schema;
  Window window = made.window;
  pair.columns.erase(pair.columns.begin(), pair.columns.begin() + static_cast<int64_t>(input.columns.size()));
  Schema result = join_result(step, *name, pair, made);
  if (is_good)
    push(step, "join", std::move(made), std::move(result));
  else
    state_.schema = std::move(result);
  after_stateful(window, nullptr, input);
  state_.is_table = false;
}

/// What bounds the state. False when something was reported.
bool PipelineChecker::check_join_form(const lang::Step& step, const lang::Join& join) {
  bool is_windowed = state_.window.has_value();
  if (state_.is_table) {
    check_.not_yet(step.range, "a join of tables");
    return false;
  }
  for (const lang::Expr* clause : {join.within, join.as_of}) {
    if (clause == nullptr) continue;
    std::string_view word = clause == join.within ? "within" : "as of";
    if (is_windowed) {
      check_
          .report(DiagnosticKind::bad_clause, clause->range, "rows of one window are joined: `{}` says another time",
                  word)
          .help("leave out either the window or this");
    } else if (clause == join.as_of) {
      check_.not_yet(clause->range, "a join `as of`");
    } else {
      continue;
    }
    return false;
  }
  if (join.within != nullptr) {
    if (join.bound.kind == lang::BoundKind::unsaid) return true;
    check_.report(DiagnosticKind::bad_clause, join.bound.range, "the state of a join `within` ends with its interval")
        .help("leave it out");
    return false;
  }
  if (is_windowed && state_.window->window.kind == WindowKind::session) {
    check_.not_yet(step.range, "a join of the rows of a session");
    return false;
  }
  if (is_windowed) {
    if (join.bound.kind == lang::BoundKind::unsaid) return true;
    check_.report(DiagnosticKind::bad_clause, join.bound.range, "the state of a windowed step ends with its window")
        .help("leave it out");
  } else if (!state_.is_unknown) {
    check_
        .not_yet(join.bound.kind == lang::BoundKind::unsaid ? step.range : join.bound.range,
                 "a join of streams without a window")
        .help("say how far apart in time the two rows may be: `within -5min..1h`")
        .help("or put a window before it: `| window tumbling(1h) | join …`");
  }
  return false;
}

bool PipelineChecker::check_other(const lang::Join& join, const FlowState& other, const Join& made) {
  const Window& window = made.window;
  if (other.is_table) {
    check_.not_yet(join.other.range, "a join with a table");
    return false;
  }
  if (other.window) {
    check_
        .report(DiagnosticKind::missing_step, join.other.range,
                "the window of this stream is not used before the `join`")
        .note(other.window->range, "it is here")
        .help("leave it out: the window before the `join` holds for both sides");
    return false;
  }
  if (!other.schema.has_time) {
    check_
        .report(DiagnosticKind::missing_time, join.other.range, "{} needs event time, and these rows have none",
                join.within != nullptr ? "`within`" : "a window")
        .help(
            "say at the source which field it is, and how late a row may be: `time <field>` and `watermark lag 1min`");
    return false;
  }
  if (window.kind != WindowKind::same) return true;
  bool was_reported = !state_.out_of || state_.out_of->size_us != window.size_us;
  if (was_reported) return false;
  bool is_same = other.out_of && has_field(other.schema, "window_start") && are_same_windows(*other.out_of, window);
  if (is_same) return true;
  auto report = check_.report(DiagnosticKind::missing_window, join.other.range,
                              "`window same` needs rows that came out of the same window on both sides");
  report.help("these must come out of a window of the same size, with their `window_start`");
  return false;
}

/// The field that the other side becomes; nothing, and reported, if it cannot be one.
std::optional<std::string_view> PipelineChecker::other_name(const lang::Join& join) {
  lang::Name name = join.as;
  if (!name.is_given() && join.other.nested == nullptr && !join.other.path.names.empty())
    name = join.other.path.names.back();
  if (!name.is_given()) {
    if (join.other.nested == nullptr) return std::nullopt; // reported where it was read
    check_.report(DiagnosticKind::missing_name, join.other.range, "the other side of the `join` needs a name")
        .help("write it behind the parenthesis: `join (…) as other on …`");
    return std::nullopt;
  }
  if (!has_field(state_.schema, name.text)) return name.text;
  check_.report(DiagnosticKind::duplicate_name, name.range, "the row has the field `{}` already", name.text)
      .help("give the other side another name: `join {} as other on …`", name.text);
  return std::nullopt;
}

/// Keys and condition. False when something was reported.
bool PipelineChecker::join_condition(const lang::Join& join, const Schema& pair, Join& made) {
  const Expr* on = check_condition(check_, {.module = &module_, .row = &pair}, *join.on, "the condition of `on`");
  if (on->type.is_error()) return false;
  std::vector<const Expr*> conjuncts;
  add_conjuncts(*on, conjuncts);
  for (const Expr* conjunct : conjuncts) {
    if (take_key(check_, *conjunct, state_.schema, made)) continue;
    made.condition = made.condition == nullptr ? conjunct
                                               : check_.make.make(ExprKind::logical_and, scalar(Kind::BOOL),
                                                                  {made.condition, conjunct}, join.on->range);
  }
  if (!made.keys.empty()) return true;
  check_.report(DiagnosticKind::bad_clause, join.on->range, "`on` needs an equality of the two sides")
      .help("as in `on id == other.id`, with more conditions behind `and`");
  return false;
}

/// The row that flows, with the window's bounds set or added, and the other as a record behind it.
Schema PipelineChecker::join_result(const lang::Step& step, std::string_view name, const Schema& right, Join& made) {
  using From = JoinColumn::From;
  Schema result{.columns = {}, .has_time = true};
  if (keeps_right(made.kind)) {
    add_optional_left(state_.schema.columns, !made.within, result, made.columns);
  } else {
    result.columns = state_.schema.columns;
    for (uint32_t i = 0; i < result.columns.size(); i++) made.columns.push_back({From::pair, i});
  }
  std::vector<From> bounds{From::window_start, From::window_end};
  if (made.within) bounds.clear();
  for (From bound : bounds) {
    std::string_view word = bound == From::window_start ? "window_start" : "window_end";
    size_t place = set_bound(step, word, result);
    made.columns.resize(result.columns.size());
    made.columns[place] = {bound};
  }
  if (!has_right_row(made.kind)) return result;
  if (keeps_left(made.kind)) {
    result.columns.push_back({name, scalar(Kind::BOOL), true});
    made.columns.push_back({From::has_right});
  }
  auto width = static_cast<uint32_t>(state_.schema.columns.size());
  for (uint32_t i = 0; i < right.columns.size(); i++) {
    result.columns.push_back(right.columns[i]);
    made.columns.push_back({From::pair, width + i});
  }
  return result;
}

} // namespace flow::sema
