// Steps that look at one row: where, unnest, union, and how rows are spread over tasks.
#include <algorithm>

#include "compiler/sema/pipeline.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

bool reads_columns(const Expr& expr) {
  return expr.kind == ExprKind::column ||
         std::ranges::any_of(expr.args, [](const Expr* arg) { return reads_columns(*arg); });
}

} // namespace

void report_duplicate_field(Checking& check, std::string_view name, lang::SourceRange range) {
  check.report(DiagnosticKind::duplicate_name, range, "the row has the field `{}` already", name)
      .help("choose another name");
}

PipelineChecker::PipelineChecker(Checking& check, const Module& module, const lang::Decl& decl, std::string_view name,
                                 Flow from)
    : check_(check), module_(module), decl_(decl), name_(name), state_(std::move(from.state)) {
  stream_.name = name;
  stream_.origin = from.stream;
  stream_.origin_schema = state_.schema;
}

void PipelineChecker::step(const lang::Step& step) {
  if (!branches_.empty()) {
    check_.report(DiagnosticKind::missing_step, step.range, "`split` is the last step of a stream")
        .help("go on from one of its parts: `stream more = {}.{} | …`", name_, branches_[0].name);
    branches_.clear();
    state_.is_unknown = true;
  }
  refuse_updates(step);
  lang::visit(
      step, [&](const lang::ErrorStep&) { state_.is_unknown = true; },
      [&](const lang::Where& node) { where(step, node); }, [&](const lang::Select& node) { select(step, node); },
      [&](const lang::Derive& node) { derive(step, node); }, [&](const lang::Drop& node) { drop(step, node); },
      [&](const lang::Rename& node) { rename(step, node); }, [&](const lang::Unnest& node) { unnest(step, node); },
      [&](const lang::Union& node) { unite(step, node); }, [&](const lang::Key& node) { key(step, node); },
      [&](const lang::Window& node) { window(step, node); },
      [&](const lang::Aggregate& node) { aggregate(step, node); }, [&](const lang::Top& node) { top(step, node); },
      [&](const lang::Join& node) { join(step, node); }, [&](const lang::Dedup& node) { dedup(step, node); },
      [&](const lang::Split& node) { split(step, node); }, [&](const lang::Process& node) { process(step, node); },
      [&](const lang::Changes&) { changes(step); },
      [&](const lang::Rebalance&) { push(step, "rebalance", Rebalance{}, state_.schema); },
      [&](const lang::Broadcast&) { push(step, "broadcast", Broadcast{}, state_.schema); },
      [&](const lang::Forward&) { push(step, "forward", Forward{}, state_.schema); },
      [&](const lang::Parallelism& node) { parallelism(step, node); });
  bool takes_no_policy = step.as<lang::Key>() != nullptr || step.as<lang::Window>() != nullptr;
  if (step.on_error.policy == lang::ErrorPolicy::divert) {
    check_.not_yet(step.on_error.range, "a stream of the rows that fail in a step")
        .help("`on error skip` counts them and goes on");
  } else if (takes_no_policy && step.on_error.policy != lang::ErrorPolicy::unsaid) {
    check_
        .report(DiagnosticKind::bad_clause, step.on_error.range,
                "`key` and `window` are worked out in the step that uses them")
        .help("put `on error` at that step");
  }
}

/// Steps are named by what they are and their number among those, so that state keeps its name when others come or go.
void PipelineChecker::push(const lang::Step& step, std::string_view word, decltype(Step::node) node, Schema result) {
  uint32_t number = ++words_[word];
  std::string name = number == 1 ? std::string(word) : fmt::format("{}.{}", word, number);
  OnError policy = step.on_error.policy == lang::ErrorPolicy::skip ? OnError::skip : OnError::stop;
  state_.schema = result;
  stream_.steps.push_back(
      {std::move(node), std::move(result), check_.arena.copy(std::string_view(name)), policy, step.range});
}

Flow PipelineChecker::finish(const Symbol* symbol, Range range) {
  stream_.range = range;
  stream_.is_table = state_.is_table;
  uint32_t index = add_stream(check_, std::move(stream_), state_, symbol);
  for (BoundLate& late : late_) {
    FlowState state{.is_endless = state_.is_endless, .may_idle = state_.may_idle};
    state.schema = late.schema;
    Stream made{.name = late.symbol->name,
                .origin = LateStream{index, late.step},
                .origin_schema = late.schema,
                .range = late.symbol->range};
    late.symbol->index = add_stream(check_, std::move(made), std::move(state), late.symbol);
    late.symbol->progress = Progress::done;
    Step& step = check_.program.streams[index].steps[late.step];
    if (auto* aggregate = std::get_if<Aggregate>(&step.node)) aggregate->window.late = late.symbol->index;
    if (auto* top = std::get_if<Top>(&step.node)) top->window.late = late.symbol->index;
  }
  if (process_) add_outputs(index, symbol);
  if (!branches_.empty()) add_branches(index, symbol);
  return {index, check_.flows[index]};
}

void PipelineChecker::where(const lang::Step& step, const lang::Where& where) {
  const Expr* condition = check_condition(check_, scope(), *where.condition, "the condition of `where`");
  if (condition->type.is_error()) return;
  push(step, "where", Where{condition}, state_.schema);
  if (state_.updates) state_.updates->deletes = true; // of a row that was to be kept and now is not
  std::vector<uint32_t> known = not_null_columns(*condition);
  Schema result;
  std::vector<const Expr*> values;
  bool is_changed = false;
  for (uint32_t i = 0; i < state_.schema.columns.size(); i++) {
    Column column = state_.schema.columns[i];
    const Expr* value = check_.make.column(i, column.type, step.range);
    if (std::ranges::find(known, i) != known.end()) {
      is_changed = is_changed || column.marks_record || column.type.nullable;
      if (column.marks_record) continue; // the record is always there
      if (column.type.nullable) {
        column.type = column.type.without_null();
        value = check_.make.make(ExprKind::assume_value, column.type, {value}, step.range);
      }
    }
    result.columns.push_back(column);
    values.push_back(value);
  }
  if (is_changed) project(step, "not_null", std::move(result), std::move(values));
}

void PipelineChecker::unnest(const lang::Step& step, const lang::Unnest& unnest) {
  Unnest made{nullptr, nullptr, static_cast<uint32_t>(state_.schema.columns.size())};
  bool is_good = unnest_parts(unnest, made);
  if (state_.updates) state_.updates->key.reset();
  if (has_field(state_.schema, unnest.as.text)) {
    report_duplicate_field(check_, unnest.as.text, unnest.as.range);
    return;
  }
  Schema result = state_.schema;
  result.columns.push_back({unnest.as.text, scalar(Kind::STRING)});
  if (is_good)
    push(step, "unnest", made, std::move(result));
  else
    state_.schema = std::move(result);
}

bool PipelineChecker::unnest_parts(const lang::Unnest& unnest, Unnest& made) {
  const auto* call = unnest.list->as<lang::Call>();
  const auto* callee = call != nullptr ? call->callee->as<lang::NameExpr>() : nullptr;
  if (callee == nullptr || callee->name != "split") {
    const Expr* value = check_expr(check_, scope(), *unnest.list);
    if (value->type.is_error()) return false;
    check_
        .report(DiagnosticKind::type_mismatch, unnest.list->range, "`unnest` takes a list, but `{}` is `{}`",
                check_.written(unnest.list->range), text_of(value->type))
        .help("the only lists yet are the parts of a text: `| unnest split({}, \" \") as part`",
              check_.written(unnest.list->range));
    return false;
  }
  if (call->arguments.size() != 2) {
    check_
        .report(DiagnosticKind::wrong_arguments, unnest.list->range,
                "`split` takes a text and what stands between its parts")
        .help("write `split(text, \",\")`, or with a pattern `split(text, r\"\\W+\")`");
    return false;
  }
  Type text = scalar(Kind::STRING);
  made.text = coerce(check_, check_expr(check_, scope(), *call->arguments[0].value), text, "the text of `split`");
  made.pattern = coerce(check_, check_expr(check_, scope(), *call->arguments[1].value), text, "the pattern of `split`");
  if (made.text->type.is_error() || made.pattern->type.is_error()) return false;
  if (!reads_columns(*made.pattern)) return true;
  check_.report(DiagnosticKind::not_constant, made.pattern->range,
                "the pattern of `split` must be the same for all rows");
  return false;
}

void PipelineChecker::unite(const lang::Step& step, const lang::Union& others) {
  Union made;
  bool is_good = !state_.is_unknown;
  for (const lang::Feed& feed : others.others) {
    std::string name = fmt::format("{}.feed{}", name_, ++words_["feed"]);
    Flow other = check_feed(check_, module_, decl_, feed, check_.arena.copy(std::string_view(name)));
    if (other.state.is_unknown || state_.is_unknown) {
      is_good = false;
      continue;
    }
    state_.is_endless = state_.is_endless || other.state.is_endless;
    state_.may_idle = state_.may_idle || other.state.may_idle;
    if (state_.out_of && (!other.state.out_of || !are_same_windows(*other.state.out_of, *state_.out_of)))
      state_.out_of.reset();
    std::optional<uint32_t> stream = fitting(std::move(other), feed);
    if (stream)
      made.others.push_back(*stream);
    else
      is_good = false;
  }
  if (is_good) push(step, "union", std::move(made), state_.schema);
}

/// The other stream, with its fields in our order; nothing, and reported, if it does not fit.
std::optional<uint32_t> PipelineChecker::fitting(Flow other, const lang::Feed& feed) {
  auto refuse = [&](std::string_view why) {
    return check_.report(DiagnosticKind::union_mismatch, feed.range,
                         "the streams of a `union` must have the same fields: {}", why);
  };
  if (state_.is_table || other.state.is_table) {
    check_.not_yet(feed.range, "a union of tables");
    return std::nullopt;
  }
  if (other.state.window) {
    check_.report(DiagnosticKind::missing_step, feed.range, "the window of this stream is not used before the `union`")
        .note(other.state.window->range, "it is here")
        .help("put the window behind the `union`");
    return std::nullopt;
  }
  std::vector<const Expr*> values;
  bool is_same_order = other.state.schema.columns.size() == state_.schema.columns.size();
  for (uint32_t i = 0; i < state_.schema.columns.size(); i++) {
    const Column& column = state_.schema.columns[i];
    auto found = std::ranges::find(other.state.schema.columns, column.name, &Column::name);
    if (found == other.state.schema.columns.end()) {
      if (column.marks_record && has_field(other.state.schema, column.name)) {
        refuse(fmt::format("`{}` may be null here, but not there", column.name));
        return std::nullopt;
      }
      refuse(fmt::format("this one has no `{}`", column.name)).help("make both alike by `select` before the `union`");
      return std::nullopt;
    }
    if (found->type != column.type && !found->type.is_error() && !column.type.is_error()) {
      refuse(fmt::format("`{}` is `{}` here and `{}` there", column.name, text_of(found->type), text_of(column.type)))
          .help("convert it by `derive` before the `union`");
      return std::nullopt;
    }
    uint32_t place = static_cast<uint32_t>(found - other.state.schema.columns.begin());
    is_same_order = is_same_order && place == i;
    values.push_back(check_.make.column(place, found->type, feed.range));
  }
  for (const Column& column : other.state.schema.columns) {
    if (std::ranges::find(state_.schema.columns, column.name, &Column::name) != state_.schema.columns.end()) continue;
    if (column.marks_record && has_field(state_.schema, column.name)) {
      refuse(fmt::format("`{}` may be null there, but not here", column.name));
      return std::nullopt;
    }
    refuse(fmt::format("this one has `{}` besides", column.name)).help("take it away: `| drop {}`", column.name);
    return std::nullopt;
  }
  if (other.state.schema.has_time != state_.schema.has_time) {
    refuse("only one of them has event time").help("give both sources a `time` and a watermark, or none");
    return std::nullopt;
  }
  if (is_same_order) return other.stream;
  std::string name = fmt::format("{}.order{}", name_, ++words_["order"]);
  Stream ordered{.name = check_.arena.copy(std::string_view(name)),
                 .origin = other.stream,
                 .origin_schema = other.state.schema,
                 .range = feed.range};
  ordered.steps.push_back({Project{std::move(values)}, state_.schema, "select", OnError::stop, feed.range});
  return add_stream(check_, std::move(ordered), {.schema = state_.schema}, nullptr);
}

void PipelineChecker::parallelism(const lang::Step& step, const lang::Parallelism& wanted) {
  std::optional<int64_t> count = check_count(check_, scope(), *wanted.count, "the parallelism", parallelism_max);
  if (!stream_.steps.empty() && std::holds_alternative<Broadcast>(stream_.steps.back().node)) {
    check_
        .report(DiagnosticKind::broadcast_spread, step.range,
                "this spreads the copies that `broadcast` made over other tasks: each row comes several times")
        .help("say in how many tasks the next step runs before: `| parallelism {} | broadcast`",
              count ? std::to_string(*count) : "n");
  }
  if (count) push(step, "parallelism", Parallelism{static_cast<uint32_t>(*count)}, state_.schema);
}

} // namespace flow::sema
