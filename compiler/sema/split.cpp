// `split { small: c, large: d, rest }`: each part is a stream of its own, of the rows that no part before it took.
#include <algorithm>

#include "compiler/sema/pipeline.h"

namespace flow::sema {

using lang::DiagnosticKind;

void PipelineChecker::split(const lang::Step& step, const lang::Split& split) {
  const Expr* untaken = nullptr; // null: all rows as yet
  split_policy_ = step.on_error.policy == lang::ErrorPolicy::skip ? OnError::skip : OnError::stop;
  bool is_good = true;
  for (const lang::Branch& branch : split.branches) {
    if (std::ranges::find(branches_, branch.name.text, &SplitBranch::name) != branches_.end()) {
      check_.report(DiagnosticKind::duplicate_name, branch.name.range, "the part `{}` is there twice",
                    branch.name.text);
      is_good = false;
      continue;
    }
    bool is_last = &branch == &split.branches.back();
    if (branch.condition == nullptr && !is_last) {
      check_
          .report(DiagnosticKind::bad_clause, branch.name.range,
                  "`{}` has no condition: it takes all rows that are left, and nothing comes to the parts behind it",
                  branch.name.text)
          .help("put it last, or give it a condition: `{}: …`", branch.name.text);
      is_good = false;
      continue;
    }
    const Expr* taken = nullptr;
    if (branch.condition != nullptr) {
      taken = check_condition(check_, scope(), *branch.condition, "the condition of a part");
      if (taken->type.is_error()) {
        is_good = false;
        continue;
      }
    }
    auto both = [&](const Expr* a, const Expr* b) {
      if (a == nullptr || b == nullptr) return a == nullptr ? b : a;
      return check_.make.make(ExprKind::logical_and, scalar(Kind::BOOL), {a, b}, branch.name.range);
    };
    const Expr* condition = both(untaken, taken);
    if (condition == nullptr) condition = check_.make.boolean(true, branch.name.range);
    branches_.push_back({branch.name.text, condition, branch.name.range});
    if (taken != nullptr) untaken = both(untaken, check_.make.logical_not(taken, branch.name.range));
  }
  if (!is_good) {
    branches_.clear();
    state_.is_unknown = true;
  }
}

void PipelineChecker::add_branches(uint32_t stream, const Symbol* symbol) {
  check_.flows[stream].is_split = true;
  if (symbol == nullptr) {
    check_
        .report(DiagnosticKind::missing_name, check_.program.streams[stream].range,
                "the parts of a `split` are read by the name of its stream, and here it has none")
        .help("write `stream parts = … | split {{ … }}`, and go on from `parts.{}`", branches_[0].name);
    check_.flows[stream].is_unknown = true;
    return;
  }
  for (const SplitBranch& branch : branches_) {
    std::string name = fmt::format("{}.{}", name_, branch.name);
    Stream part{.name = check_.arena.copy(std::string_view(name)),
                .origin = stream,
                .origin_schema = state_.schema,
                .is_table = state_.is_table,
                .range = branch.range};
    part.steps.push_back({Where{branch.condition}, state_.schema, "split", split_policy_, branch.range});
    uint32_t index = add_stream(check_, std::move(part), state_, nullptr);
    check_.outputs[symbol].push_back({branch.name, index});
  }
}

} // namespace flow::sema
