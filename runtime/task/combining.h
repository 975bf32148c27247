// Combining: whether a task adds up the rows of a partial state before it sends them, or sends each on its own.
//
// Combining is worth its table only where many rows fall together (Flink's local-global aggregation; "Turn it off when
// it does not reduce" is from Larson, "Data reduction by partial preaggregation", ICDE 2002). So rows and results are
// counted, judged whenever the table has been emptied, and tried again after a while. A change comes only between two
// calls and with an empty table: rows of one pane never overtake one another.
#pragma once

#include <cstdint>

namespace flow::runtime {

class Combining {
public:
  // Bytes of entries and texts that a task combines into before it sends them on: what stays in the cache of its core.
  static constexpr uint64_t bytes_max = uint64_t{1} << 20;

  // So many rows came, to be combined or, while off, sent on.
  void take(uint64_t rows);
  // So many results were sent for them.
  void send(uint64_t results) { results_ += results; }

  // While on: combining has not helped, and should end as soon as the table is empty.
  bool is_in_vain() const;
  // The table is empty: draws the conclusion.
  void judge();
  bool is_off() const { return rows_off_ > 0; }

private:
  uint64_t rows_ = 0; // since the last judgement
  uint64_t results_ = 0;
  uint64_t rows_off_ = 0; // still to be sent on, each on its own
};

} // namespace flow::runtime
