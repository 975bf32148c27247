// aggregate and top.
#include <algorithm>
#include <numeric>

#include "compiler/sema/pipeline.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

bool is_ordered(Kind kind) {
  return (kind >= Kind::I8 && kind <= Kind::STRING) || kind == Kind::TIMESTAMP || kind == Kind::DATE ||
         kind == Kind::DURATION;
}

/// How each function is called.
std::string_view usage_of(AggregateKind kind) {
  switch (kind) {
  case AggregateKind::count: return "count(), count(x) or count(distinct x)";
  case AggregateKind::sum: return "sum(x)";
  case AggregateKind::min: return "min(x)";
  case AggregateKind::max: return "max(x)";
  case AggregateKind::avg: return "avg(x)";
  case AggregateKind::first: return "first(x)";
  case AggregateKind::last: return "last(x)";
  case AggregateKind::min_by: return "min_by(x, by)";
  case AggregateKind::max_by: return "max_by(x, by)";
  }
  return "";
}

/// The calls of one step. A call that is the whole of a binding has the binding's name; others are named `tips@1`.
class CallCollector final : public AggregateCollector {
public:
  CallCollector(Checking& check, Scope rows, uint32_t before) : check_(check), rows_(rows), before_(before) {}

  void begin(std::string_view binding, const lang::Expr& value) {
    binding_ = binding;
    whole_ = &value;
    hidden_ = 0;
    seen_ = 0;
  }
  bool has_call() const { return seen_ > 0; }
  bool is_plain(const Expr& value) const { return value.kind == ExprKind::column && seen_ == 1 && hidden_ == 0; }
  std::vector<AggregateCall>& calls() { return calls_; }

  const Expr* take(const lang::Expr& expr, const lang::Call& call, std::string_view name) override {
    std::optional<AggregateKind> kind = aggregate_named(name);
    bool is_function_of_two = (kind == AggregateKind::min || kind == AggregateKind::max) && call.arguments.size() == 2;
    if (!kind || is_function_of_two) return nullptr;
    seen_++;
    AggregateCall made{.name = name_of(expr), .kind = *kind, .range = expr.range};
    if (!check_call(expr, call, made)) {
      hidden_ += whole_ == &expr ? 0 : 1;
      return check_.make.error(expr.range);
    }
    uint32_t column = before_ + static_cast<uint32_t>(calls_.size());
    calls_.push_back(made);
    return check_.make.column(column, made.result, expr.range);
  }

private:
  std::string_view name_of(const lang::Expr& expr) {
    if (&expr == whole_) return binding_;
    std::string name = fmt::format("{}@{}", binding_, ++hidden_);
    return check_.arena.copy(std::string_view(name));
  }

  bool check_call(const lang::Expr& expr, const lang::Call& call, AggregateCall& made) {
    made.is_distinct = call.is_distinct;
    if (call.is_distinct && made.kind != AggregateKind::count) {
      auto report = check_.report(DiagnosticKind::wrong_arguments, expr.range,
                                  "of distinct values there is only their number: `count(distinct x)`");
      bool is_same = made.kind == AggregateKind::min || made.kind == AggregateKind::max;
      if (is_same) report.help("leave out `distinct`: the least and the greatest value are the same without it");
      return false;
    }
    bool takes_two = made.kind == AggregateKind::min_by || made.kind == AggregateKind::max_by;
    size_t least = made.kind == AggregateKind::count ? 0 : takes_two ? 2 : 1, most = takes_two ? 2 : 1;
    std::vector<const Expr*> args;
    bool is_good = true;
    for (const lang::Argument& argument : call.arguments) {
      args.push_back(check_expr(check_, rows_, *argument.value));
      is_good = is_good && !args.back()->type.is_error();
    }
    if (call.filter != nullptr) {
      made.filter = check_condition(check_, rows_, *call.filter, "the condition of `where`");
      is_good = is_good && !made.filter->type.is_error();
    }
    if (args.size() < least || args.size() > most) {
      check_.report(DiagnosticKind::wrong_arguments, expr.range, "other arguments are due here: `{}`",
                    usage_of(made.kind));
      return false;
    }
    if (!is_good) return false;
    made.argument = args.empty() ? nullptr : args[0];
    made.by = takes_two ? args[1] : nullptr;
    return check_types(expr, made);
  }

  bool check_types(const lang::Expr& expr, AggregateCall& made) {
    if (made.argument != nullptr && made.argument->type.kind == Kind::NULL_) return refuse(*made.argument, "a value");
    if (made.argument != nullptr && !require_scalar(check_, *made.argument, "an aggregate function")) return false;
    switch (made.kind) {
    case AggregateKind::count: made.result = scalar(Kind::I64); return true;
    case AggregateKind::sum: return check_sum(made);
    case AggregateKind::avg:
      if (!made.argument->type.is_number()) return refuse(*made.argument, "a number");
      made.result = scalar(Kind::F64);
      break;
    case AggregateKind::min:
    case AggregateKind::max:
      if (!is_ordered(made.argument->type.kind)) return refuse(*made.argument, "a value that has an order");
      made.result = made.argument->type;
      break;
    case AggregateKind::first:
    case AggregateKind::last:
      made.result = made.argument->type;
      if (!rows_.row->has_time && !rows_.row_is_unknown) return refuse_without_time(expr);
      break;
    case AggregateKind::min_by:
    case AggregateKind::max_by:
      made.result = made.argument->type;
      if (!is_ordered(made.by->type.kind)) return refuse(*made.by, "a value that has an order");
      break;
    }
    // A result is there as soon as one row took part; which rows do is known only without null and filter.
    bool may_be_empty =
        made.filter != nullptr || made.argument->type.nullable || (made.by != nullptr && made.by->type.nullable);
    if (may_be_empty) made.result = made.result.with_null();
    return true;
  }

  bool check_sum(AggregateCall& made) {
    Type type = made.argument->type;
    if (!type.is_number() && type.kind != Kind::DURATION) return refuse(*made.argument, "a number");
    made.result = type.is_float()               ? scalar(Kind::F64)
                  : type.kind == Kind::DURATION ? scalar(Kind::DURATION)
                                                : scalar(Kind::I64);
    if (type.kind == Kind::U64) {
      Type wide = scalar(Kind::I64);
      wide.nullable = type.nullable;
      made.argument = check_.make.make(ExprKind::convert, wide, {made.argument}, made.argument->range);
    }
    return true;
  }

  bool refuse(const Expr& argument, std::string_view due) {
    auto report =
        check_.report(DiagnosticKind::wrong_arguments, argument.range, "this aggregate takes {}, but `{}` is `{}`", due,
                      check_.written(argument.range), text_of(argument.type));
    if (argument.type.kind == Kind::STRING && due == "a number") {
      report.help("convert it: `f64({})`", check_.written(argument.range)).help("or count the rows: `count()`");
    } else if (argument.type.kind == Kind::BOOL) {
      report.help("to count where it holds: `count(where {})`", check_.written(argument.range));
    }
    return false;
  }

  bool refuse_without_time(const lang::Expr& expr) {
    check_
        .report(DiagnosticKind::missing_time, expr.range,
                "which row is first or last is said by event time, and these rows have none")
        .help("say at the source which field it is: `time <field>` and `watermark lag 1min`")
        .help("or say it by another field: `min_by(x, field)`, `max_by(x, field)`");
    return false;
  }

  Checking& check_;
  Scope rows_;
  uint32_t before_; // columns of the result before the calls
  std::vector<AggregateCall> calls_;
  std::string_view binding_;
  const lang::Expr* whole_ = nullptr;
  uint32_t hidden_ = 0, seen_ = 0;
};

/// Key columns, then the window's bounds.
Schema head_of(const std::vector<KeyColumn>& keys, const Window& window) {
  Schema head;
  for (const KeyColumn& key : keys) head.columns.push_back({key.name, key.value->type});
  head.has_time = window.kind != WindowKind::global;
  if (!head.has_time) return head;
  head.columns.push_back({"window_start", scalar(Kind::TIMESTAMP)});
  head.columns.push_back({"window_end", scalar(Kind::TIMESTAMP)});
  return head;
}

} // namespace

void PipelineChecker::aggregate(const lang::Step& step, const lang::Aggregate& aggregate) {
  require_own_name(step, "aggregate");
  std::optional<Range> key_range = state_.key_range;
  Aggregate made;
  made.window = take_window(made.keys);
  check_bound(aggregate.bound, made.window);
  const Schema input = state_.schema;
  Schema head = head_of(made.keys, made.window);
  for (const KeyColumn& key : made.keys) {
    bool is_bound = head.has_time && (key.name == "window_start" || key.name == "window_end");
    if (!is_bound) continue;
    check_.report(DiagnosticKind::duplicate_name, *key_range, "a windowed result has a `{}` already", key.name)
        .help("leave it out of the key: rows of different windows never meet");
    state_.is_unknown = true;
    return;
  }
  Scope rows{.module = &module_, .row = &input, .row_is_unknown = state_.is_unknown};
  CallCollector calls(check_, rows, static_cast<uint32_t>(head.columns.size()));
  Scope results{.module = &module_,
                .row = &head,
                .row_is_unknown = state_.is_unknown,
                .aggregates = &calls,
                .aggregated = &input};
  uint32_t head_width = static_cast<uint32_t>(head.columns.size());
  RowBuilder final_row{head.columns, check_.make.places(ExprKind::column, head.columns, 0, head_width, step.range)};
  bool is_plain = true, has_error = false;
  for (const lang::Binding& binding : aggregate.bindings) {
    if (!binding.name.is_given()) continue;
    calls.begin(binding.name.text, *binding.value);
    const Expr* value = check_expr(check_, results, *binding.value);
    has_error = has_error || value->type.is_error();
    is_plain = is_plain && calls.is_plain(*value);
    if (!calls.has_call() && !value->type.is_error()) {
      check_
          .report(DiagnosticKind::no_aggregate, binding.value->range, "`{}` takes no aggregate function of the rows",
                  binding.name.text)
          .help("as in `{} = count()` or `{} = sum(x)`; a part of the key is in the result by itself",
                binding.name.text, binding.name.text);
    }
    if (find_field(final_row.columns, binding.name.text)) {
      check_
          .report(DiagnosticKind::duplicate_name, binding.name.range, "the result has the field `{}` already",
                  binding.name.text)
          .help("choose another name");
      has_error = true;
      continue;
    }
    final_row.put(check_, binding.name.text, *value);
  }
  Symbol* late = taken_late_;
  made.calls = std::move(calls.calls());
  has_error = !allows_distinct(step, made) || has_error;
  Schema result = head;
  for (const AggregateCall& call : made.calls) result.columns.push_back({call.name, call.result});
  Window window = made.window;
  push(step, "aggregate", std::move(made), std::move(result));
  after_stateful(window, late, input);
  if (window.late_allow_us > 0) {
    std::vector<uint32_t> key(head.columns.size() - 1); // and where the window begins
    std::iota(key.begin(), key.end(), 0u);
    state_.updates = Updates{.key = std::move(key)};
  }
  state_.is_unknown = !taken_key_is_known_;
  Schema final_schema{std::move(final_row.columns), head.has_time};
  if (has_error)
    state_.schema = std::move(final_schema);
  else if (!is_plain)
    project(step, "results", std::move(final_schema), std::move(final_row.values));
}

/// Whether distinct values can be counted in this window.
bool PipelineChecker::allows_distinct(const lang::Step& step, const Aggregate& aggregate) {
  auto found = std::ranges::find_if(aggregate.calls, &AggregateCall::is_distinct);
  if (found == aggregate.calls.end()) return true;
  if (aggregate.window.kind == WindowKind::global) {
    check_.not_yet(found->range, "a count of distinct values without a window")
        .help("put a window before it: `| window tumbling(1d)`");
  } else if (aggregate.window.kind == WindowKind::session) {
    check_.not_yet(found->range, "a count of distinct values in session windows");
  } else if (state_.may_idle) {
    // It is worked out on a way of its own, on which the word that a source is awake again may come later.
    check_.not_yet(found->range, "a count of distinct values from a source that says `idle`");
  } else if (aggregate.window.late_allow_us > 0) {
    check_.not_yet(found->range, "a count of distinct values that late rows change (`late allow`)");
  } else if (step.on_error.policy == lang::ErrorPolicy::skip) {
    check_.not_yet(found->range, "`on error skip` at a step that counts distinct values")
        .help("work out in a `derive` before it what may fail, and write `on error skip` there");
  } else {
    return true;
  }
  return false;
}

void PipelineChecker::top(const lang::Step& step, const lang::Top& top) {
  constexpr int64_t rows_max = 1000;
  require_own_name(step, "top");
  Top made;
  made.window = take_window(made.keys);
  check_bound(top.bound, made.window);
  if (top.with_ties) check_.not_yet(step.range, "`top … with ties`");
  if (made.window.kind == WindowKind::session) check_.not_yet(step.range, "`top` in session windows");
  if (made.window.late_allow_us > 0) check_.not_yet(step.range, "`top` that late rows change (`late allow`)");
  std::optional<int64_t> count =
      check_count(check_, {.module = &module_}, *top.count, "the number of rows of `top`", rows_max);
  made.count = static_cast<uint32_t>(count.value_or(1));
  bool has_error = !count;
  for (const lang::Order& order : top.orders) {
    const Expr* value = check_expr(check_, scope(), *order.value);
    if (value->type.is_error() || !require_scalar(check_, *value, "`top … by`") ||
        !require_value(check_, *value, "`top … by`")) {
      has_error = true;
      continue;
    }
    if (!is_ordered(value->type.kind) && value->type.kind != Kind::BOOL) {
      auto report = check_.report(DiagnosticKind::wrong_operand, value->range, "values of `{}` have no order",
                                  text_of(value->type));
      if (value->type.kind == Kind::ENUM) report.help("order by its text: `string({})`", check_.written(value->range));
      has_error = true;
    }
    made.orders.push_back({value, order.direction == lang::Direction::descending});
  }
  Symbol* late = taken_late_;
  const Schema input = state_.schema;
  Schema result = top_result(step, top, made.window);
  if (top.rank.is_given()) made.rank = top.rank.text;
  Window window = made.window;
  if (has_error)
    state_.schema = result;
  else
    push(step, "top", std::move(made), std::move(result));
  after_stateful(window, has_error ? nullptr : late, input);
  if (window.late_allow_us > 0) state_.is_unknown = true; // reported
}

/// The rows as they are, with the window's bounds set or added, and the rank behind them.
Schema PipelineChecker::top_result(const lang::Step& step, const lang::Top& top, const Window& window) {
  Schema result = state_.schema;
  result.has_time = window.kind != WindowKind::global;
  for (std::string_view name : {"window_start", "window_end"}) {
    if (result.has_time) set_bound(step, name, result);
  }
  if (!top.rank.is_given()) return result;
  if (has_field(result, top.rank.text)) report_duplicate_field(check_, top.rank.text, top.rank.range);
  result.columns.push_back({top.rank.text, scalar(Kind::I64)});
  return result;
}

/// Where a bound of the window stands in the result: in the row's own field of that name, or behind all of them.
size_t PipelineChecker::set_bound(const lang::Step& step, std::string_view name, Schema& result) {
  auto found = std::ranges::find(result.columns, name, &Column::name);
  auto place = static_cast<size_t>(found - result.columns.begin());
  bool is_there = found != result.columns.end(), is_time = is_there && found->type == scalar(Kind::TIMESTAMP);
  bool is_other = has_field(result, name) && !is_time && !(is_there && found->type.is_error());
  if (is_other) {
    check_
        .report(DiagnosticKind::duplicate_name, step.range,
                "the result has a `{}`, but the rows have a field of that name", name)
        .help("rename the field before: `| rename other = {}`", name);
  }
  if (!is_there) result.columns.push_back({name, scalar(Kind::TIMESTAMP)});
  return place;
}

} // namespace flow::sema
