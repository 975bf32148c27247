// `dedup keep first`: an operator that knows of each key whether it was seen.
#include <algorithm>

#include "compiler/sema/pipeline.h"

namespace flow::sema {

using lang::DiagnosticKind;

void PipelineChecker::dedup(const lang::Step& step, const lang::Dedup& dedup) {
  require_own_name(step, "dedup");
  if (state_.window) {
    check_.not_yet(step.range, "`dedup` in a window");
    state_.window.reset();
    state_.is_unknown = true;
  }
  if (state_.is_table) {
    check_
        .report(DiagnosticKind::table_not_final, step.range,
                "`dedup` takes a stream, but these rows change as long as "
                "the input goes on")
        .help("put a window before the aggregate that makes the table");
    state_.is_unknown = true;
  }
  std::vector<KeyColumn> keys;
  take_window(keys);
  StateCell seen{.name = "seen", .type = scalar(Kind::BOOL).with_null(), .range = step.range};
  if (!dedup_bound(step, dedup.bound, !keys.empty(), seen) || state_.is_unknown || !taken_key_is_known_) {
    state_.is_unknown = true;
    return;
  }
  Process made{.op = "dedup"};
  ProcessInput input{.name = "row", .stream = std::nullopt, .schema = state_.schema};
  for (const KeyColumn& key : keys) {
    made.key_names.push_back(key.name);
    made.key_types.push_back(key.value->type);
    input.keys.push_back(key.value);
  }
  ExprFactory& make = check_.make;
  auto statement = [&](auto node) {
    return static_cast<const Statement*>(check_.arena.make<Statement>(Statement{std::move(node), step.range}));
  };
  const Expr* was_seen = make.place(ExprKind::state_is_set, 0, scalar(Kind::BOOL), step.range);
  const Expr* is_first = make.logical_not(was_seen, step.range);
  std::vector<const Expr*> row = all_columns(step.range), flag{make.boolean(true, step.range)};
  std::vector<const Statement*> keep{statement(EmitRow{0, check_.arena.copy(row)}),
                                     statement(Assign{0, check_.arena.copy(flag)})};
  std::vector<const Statement*> body{statement(IfStatement{is_first, check_.arena.copy(keep), {}})};
  input.body = check_.arena.copy(body);
  made.inputs.push_back(std::move(input));
  made.cells.push_back(seen);
  made.fields.push_back({.name = seen.name, .type = scalar(Kind::BOOL)});
  made.outputs.push_back({.name = {}, .schema = state_.schema});
  push(step, "dedup", std::move(made), state_.schema);
}

/// What ends the memory of a key. False when something was reported.
bool PipelineChecker::dedup_bound(const lang::Step& step, const lang::StateBound& bound, bool is_keyed,
                                  StateCell& seen) {
  if (bound.kind == lang::BoundKind::unbounded) {
    seen.unbounded = bound.why.text;
    return true;
  }
  if (bound.kind == lang::BoundKind::expires) {
    seen.expires_us = check_constant(check_, {.module = &module_}, *bound.expires, scalar(Kind::DURATION),
                                     "how long a key is remembered");
    if (seen.expires_us && *seen.expires_us <= 0) {
      check_.report(DiagnosticKind::bad_value, bound.expires->range,
                    "a key must be remembered for longer than nothing");
      return false;
    }
    if (seen.expires_us && !state_.schema.has_time && !state_.is_unknown) {
      check_.report(DiagnosticKind::missing_time, bound.range, "`expires` needs event time, and these rows have none")
          .help("say at the source which field it is: `time <field>` and `watermark lag 1min`");
      return false;
    }
    return seen.expires_us.has_value();
  }
  if (!state_.is_endless || !is_keyed) return true;
  check_
      .report(DiagnosticKind::unbounded_state, step.range,
              "the input of `dedup` never ends, and it would remember every key for ever")
      .help("say how long: `dedup keep first expires 1d`")
      .help("or say why it may grow: `dedup keep first unbounded \"there are few keys\"`");
  return false;
}

} // namespace flow::sema
