#include "compiler/plan/combining.h"

#include <algorithm>
#include <numeric>

namespace flow::plan {

std::vector<sema::Column> partial_columns(const KeySpec& key, const Layout& entry, lang::Arena& names) {
  std::vector<sema::Column> columns = key.columns;
  size_t key_fields = key.is_bytes ? 1 : key.columns.size();
  for (size_t i = key_fields; i < entry.fields.size(); i++) {
    columns.push_back({names.copy(std::string_view(entry.fields[i].name)), entry.fields[i].type});
  }
  return columns;
}

KeySpec key_of_partials(KeySpec key) {
  std::iota(key.from.begin(), key.from.end(), 0);
  return key;
}

sema::Window pane_window(const State& state) {
  sema::Window window = state.window;
  window.late_allow_us = 0;
  bool is_one_pane = window.kind != sema::WindowKind::hopping && window.kind != sema::WindowKind::cumulate;
  if (is_one_pane && !window.is_cumulated) return window;
  window.kind = sema::WindowKind::tumbling;
  window.is_cumulated = false;
  window.size_us = window.slide_us = state.pane_us;
  return window;
}

bool keeps_running(const State& state, const std::vector<sema::AggregateCall>& calls) {
  constexpr int64_t panes_min = 3;
  const sema::Window& window = state.window;
  if (window.late_allow_us > 0) return false; // windows are kept one by one
  if (calls.empty()) return false;            // nothing to add up: its keys are the result
  if (window.kind != sema::WindowKind::hopping || window.size_us / state.pane_us < panes_min) return false;
  return std::all_of(calls.begin(), calls.end(), [](const sema::AggregateCall& call) {
    return call.kind == sema::AggregateKind::count ||
           (call.kind == sema::AggregateKind::sum && !call.result.is_float());
  });
}

std::vector<uint32_t> Chain::states() const {
  std::vector<uint32_t> all = partials;
  if (state != none) all.insert(all.begin(), state);
  return all;
}

} // namespace flow::plan
