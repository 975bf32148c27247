// The options of a connector by name: what the program wrote (FlowConnector.options) with the values of this start
// (one cell per option). An option that the program does not have, or whose cell is null, gives the fallback.
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/abi/flow_program.h"

namespace flow::runtime {

class Options {
public:
  // `cells` may be null if the connector has no options. Both must outlive this and the views it gives.
  Options(const FlowConnector& connector, const FlowCell* cells) : connector_(connector), cells_(cells) {}

  std::string_view text(std::string_view name, std::string_view fallback) const;
  bool flag(std::string_view name, bool fallback) const;
  int64_t integer(std::string_view name, int64_t fallback) const;
  double number(std::string_view name, double fallback) const; // of an f64, f32 or integer option
  bool has(std::string_view name) const { return find(name) != nullptr; }

private:
  const FlowCell* find(std::string_view name, uint32_t* kind = nullptr) const;

  const FlowConnector& connector_;
  const FlowCell* cells_;
};

} // namespace flow::runtime
