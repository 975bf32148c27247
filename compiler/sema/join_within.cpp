// `within`: how far apart in time two rows that are joined may be.
#include "compiler/sema/numbers.h"
#include "compiler/sema/pipeline.h"

namespace flow::sema {

using lang::DiagnosticKind;

namespace {

/// Some 36 000 years: sums of a few such spans are still times.
constexpr int64_t reach_max_us = int64_t{1} << 60;

} // namespace

/// Nothing, and reported, if it cannot be one.
std::optional<Within> PipelineChecker::interval(const lang::Step& step, const lang::Join& join) {
  const auto* range = join.within->as<lang::Binary>();
  bool is_range =
      range != nullptr && (range->op == lang::BinaryOperator::range || range->op == lang::BinaryOperator::range_below);
  if (!is_range) {
    check_.report(DiagnosticKind::bad_clause, join.within->range, "`within` needs two durations")
        .help("the time of the other row minus that of the row that flows lies between them: `within -5min..1h`");
    return std::nullopt;
  }
  Scope constants{.module = &module_};
  Type duration = scalar(Kind::DURATION);
  std::optional<int64_t> from = check_constant(check_, constants, *range->left, duration, "the begin of `within`");
  std::optional<int64_t> to = check_constant(check_, constants, *range->right, duration, "the end of `within`");
  if (!from || !to || state_.is_unknown) return std::nullopt;
  if (*from < -reach_max_us || *to > reach_max_us || *from > reach_max_us || *to < -reach_max_us) {
    check_.report(DiagnosticKind::bad_value, join.within->range, "`within` reaches further than {}",
                  duration_text(reach_max_us / 86'400'000'000 * 86'400'000'000));
    return std::nullopt;
  }
  Within made{*from, range->op == lang::BinaryOperator::range ? *to : *to - 1};
  if (made.from_us > made.to_us) {
    check_.report(DiagnosticKind::bad_value, join.within->range, "no time lies in this interval")
        .help("its begin comes first: `within -5min..1h`");
    return std::nullopt;
  }
  if (state_.schema.has_time) return made;
  check_.report(DiagnosticKind::missing_time, step.range, "`within` needs event time, and these rows have none")
      .help("say at the source which field it is, and how late a row may be: `time <field>` and `watermark lag 1min`");
  return std::nullopt;
}

} // namespace flow::sema
