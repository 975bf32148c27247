#include "compiler/plan/combining.h"

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
  if (window.kind != sema::WindowKind::hopping) return window;
  window.kind = sema::WindowKind::tumbling;
  window.size_us = window.slide_us = state.pane_us;
  return window;
}

std::vector<uint32_t> Chain::states() const {
  std::vector<uint32_t> all = partials;
  if (state != none) all.insert(all.begin(), state);
  return all;
}

} // namespace flow::plan
