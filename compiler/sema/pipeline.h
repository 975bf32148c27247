// The steps of one pipeline, one after the other: each takes what is known of the rows and leaves what is known after
// it.
//
// `key` and `window` are no steps of the result: they wait in the state for the next aggregate or top, also beyond the
// end of the pipeline, and are rewritten when fields move meanwhile.
#pragma once

#include <map>

#include "compiler/sema/conversion.h"
#include "compiler/sema/expressions.h"
#include "compiler/sema/records.h"
#include "compiler/sema/streams.h"

namespace flow::sema {

/// Are rows that came out of these windows in one window when they have one window_start?
bool are_same_windows(const Window& one, const Window& other);

class PipelineChecker {
public:
  PipelineChecker(Checking& check, const Module& module, const lang::Decl& decl, std::string_view name, Flow from);

  void step(const lang::Step& step);
  /// The stream of all steps. REQUIRES: this is the last call.
  Flow finish(const Symbol* symbol, lang::SourceRange range);

private:
  using Range = lang::SourceRange;
  struct BoundLate {
    Symbol* symbol;
    uint32_t step;
    Schema schema;
  };

  // steps.cpp
  void where(const lang::Step& step, const lang::Where& where);
  void unnest(const lang::Step& step, const lang::Unnest& unnest);
  void unite(const lang::Step& step, const lang::Union& others);
  std::optional<uint32_t> fitting(Flow other, const lang::Feed& feed);
  void parallelism(const lang::Step& step, const lang::Parallelism& wanted);
  bool unnest_parts(const lang::Unnest& unnest, Unnest& made);

  // projections.cpp
  void select(const lang::Step& step, const lang::Select& select);
  void derive(const lang::Step& step, const lang::Derive& derive);
  void drop(const lang::Step& step, const lang::Drop& drop);
  void rename(const lang::Step& step, const lang::Rename& rename);
  void project(const lang::Step& step, std::string_view word, Schema result, std::vector<const Expr*> values);
  void move_key(const lang::Step& step, const std::vector<const Expr*>& values, const Schema& result);
  void watch_window_start(const std::vector<const Expr*>& values, const Schema& result);
  const Expr* moved(const Expr& expr, const std::vector<const Expr*>& values, const Schema& result);
  const Expr* field_value(const lang::Expr& expr);
  void take_record(const lang::Expr& expr, RowBuilder& row);
  std::optional<FieldColumns> field_named(lang::Name name);
  std::vector<const Expr*> all_columns(Range range);

  // windows.cpp
  void key(const lang::Step& step, const lang::Key& key);
  void add_key(lang::Name name, const lang::Expr& value);
  void window(const lang::Step& step, const lang::Window& window);
  bool window_shape(const lang::Step& step, const lang::Window& window, Window& made);
  bool window_same(const lang::Step& step, Window& made);
  bool refuse_later(const lang::Window& window);
  void require_time(const lang::Step& step);
  /// The window that waits, or the global one; both key and window are used up.
  Window take_window(std::vector<KeyColumn>& keys);
  void require_own_name(const lang::Step& step, std::string_view word);
  void check_bound(const lang::StateBound& bound, const Window& window);
  void after_stateful(Window window, Symbol* late, const Schema& input);

  // processes.cpp
  void process(const lang::Step& step, const lang::Process& process);
  const OperatorInfo* operator_named(const lang::Path& path);
  std::vector<const lang::Argument*> arguments_of(const lang::Step& step, const lang::Process& process,
                                                  const OperatorInfo& info);
  std::optional<ProcessInput> input_of(const OperatorParameter& parameter, const lang::Argument& argument);
  bool takes(const OperatorParameter& parameter, const FlowState& state, Range range);
  void refuse_waiting(const FlowState& state, Range range, std::string_view op);
  void check_nature(const lang::Step& step, const OperatorInfo& info, const Process& made);
  void add_outputs(uint32_t stream, const Symbol* symbol);

  // aggregates.cpp
  void aggregate(const lang::Step& step, const lang::Aggregate& aggregate);
  bool allows_distinct(const lang::Step& step, const Aggregate& aggregate);
  void top(const lang::Step& step, const lang::Top& top);
  Schema top_result(const lang::Step& step, const lang::Top& top, const Window& window);
  size_t set_bound(const lang::Step& step, std::string_view name, Schema& result);

  // changes.cpp
  bool late_allow(const lang::Window& window, Window& made);
  void changes(const lang::Step& step);
  /// Reports a step that does not take a table's changes.
  void refuse_updates(const lang::Step& step);
  void move_updates(const std::vector<const Expr*>& values);

  // split.cpp
  void split(const lang::Step& step, const lang::Split& split);
  void add_branches(uint32_t stream, const Symbol* symbol);

  // dedup.cpp
  void dedup(const lang::Step& step, const lang::Dedup& dedup);
  bool dedup_bound(const lang::Step& step, const lang::StateBound& bound, bool is_keyed, StateCell& seen);

  // joins.cpp
  void join(const lang::Step& step, const lang::Join& join);
  bool check_join_form(const lang::Step& step, const lang::Join& join);
  bool check_other(const lang::Join& join, const FlowState& other, const Join& made);
  std::optional<std::string_view> other_name(const lang::Join& join);
  bool join_condition(const lang::Join& join, const Schema& pair, Join& made);
  // join_within.cpp
  std::optional<Within> interval(const lang::Step& step, const lang::Join& join);
  // joins.cpp
  Schema join_result(const lang::Step& step, std::string_view name, const Schema& right, Join& made);

  Scope scope() const { return {.module = &module_, .row = &state_.schema, .row_is_unknown = state_.is_unknown}; }
  void push(const lang::Step& step, std::string_view word, decltype(Step::node) node, Schema result);

  Checking& check_;
  const Module& module_;
  const lang::Decl& decl_;
  std::string_view name_;
  FlowState state_;
  Stream stream_;
  std::map<std::string_view, uint32_t> words_; // steps of this kind so far
  std::vector<BoundLate> late_;
  Symbol* taken_late_ = nullptr;   // of the window that take_window gave
  bool taken_key_is_known_ = true; // of the keys that take_window gave
  struct SplitBranch {
    std::string_view name;
    const Expr* condition;
    Range range;
  };
  std::vector<SplitBranch> branches_; // of a `split`, which then was the last step
  OnError split_policy_ = OnError::stop;
  std::optional<uint32_t> process_; // the step that has outputs of its own
};

/// Reports a name that a row already has.
void report_duplicate_field(Checking& check, std::string_view name, lang::SourceRange range);

} // namespace flow::sema
