// Panes against a model that knows every window. Run alone: bin/tests/pane_set_test
#include "tests/unit/state_layouts.h"

namespace flow::runtime {
namespace {

FlowState state_of(uint32_t window, int64_t size, int64_t slide, int64_t offset) {
  return {"s",
          FLOW_STATE_PANES,
          window,
          size,
          slide,
          offset,
          window == FLOW_WINDOW_HOPPING                                           ? std::gcd(size, slide)
          : window == FLOW_WINDOW_CUMULATE || window == FLOW_WINDOW_SAME_CUMULATE ? slide
                                                                                  : size,
          0,
          8,
          0,
          0,
          FLOW_NONE,
          0,
          0,
          0,
          nullptr,
          nullptr,
          nullptr,
          0,
          0,
          -1,
          0,
          0,
          ""};
}

TEST(PaneSet, WindowsCloseLikeInAModelThatKnowsThemAll) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    bool is_hopping = random() % 2 == 0;
    int64_t slide = 1 + random() % 8, size = is_hopping ? 1 + random() % 30 : slide,
            offset = static_cast<int64_t>(random() % 9) - 4;
    FlowState state = state_of(is_hopping ? FLOW_WINDOW_HOPPING : FLOW_WINDOW_TUMBLING, size, slide, offset);
    PaneSet panes(program, state);
    std::set<int64_t> open_panes; // model: panes that were opened
    int64_t watermark = -100;
    panes.close_through(watermark);
    auto floor_to = [](int64_t v, int64_t step) { return v - ((v % step) + step) % step; };
    for (int step = 0; step < 60; ++step) {
      for (uint32_t i = 0; i < random() % 4; ++i) {
        int64_t time = watermark + 1 + random() % 40;
        int64_t start = floor_to(time - offset, state.pane) + offset;
        panes.open(start).table.upsert(flow_hash_i64(static_cast<uint64_t>(start)), bytes_of(start));
        open_panes.insert(start);
      }
      int64_t before = watermark;
      watermark += random() % 20;
      // The model: every window that ends in (before, watermark] + 1 and holds a pane.
      std::vector<std::pair<int64_t, int64_t>> expected, got;
      for (int64_t end = before + 2; end <= watermark + 1; ++end) {
        if (floor_to(end - size - offset, slide) != end - size - offset) continue;
        auto first = open_panes.lower_bound(end - size);
        if (first != open_panes.end() && *first < end) expected.emplace_back(end - size, end);
      }
      while (auto due = panes.next_due(watermark)) {
        got.emplace_back(due->start_us(), due->end_us());
        std::vector<int64_t> in_window, model_in_window;
        for (Pane* pane : panes.panes_of(*due)) in_window.push_back(pane->start);
        for (int64_t pane : open_panes) {
          if (pane >= due->start_us() && pane < due->end_us()) model_in_window.push_back(pane);
        }
        ASSERT_EQ(in_window, model_in_window);
        panes.close(*due);
      }
      panes.close_through(watermark);
      ASSERT_EQ(got, expected);
      for (const auto& pane : panes.panes()) {
        int64_t last_start = floor_to(pane->start - offset, slide) + offset;
        if (pane->start >= last_start + size) continue; // in a gap between windows: freed with the next one in front
        ASSERT_GT(last_start + size - 1, watermark) << "a pane is kept that no window needs";
      }
    }
    while (auto due = panes.next_due(INT64_MAX)) panes.close(*due);
    panes.close_through(INT64_MAX);
    EXPECT_TRUE(panes.panes().empty());
  }
}

// A closed window is kept for late rows: not due again, and freed when the watermark has come so much further.
TEST(PaneSet, WindowsAreKeptForLateRows) {
  FlowState state = state_of(FLOW_WINDOW_TUMBLING, 10, 10, 0);
  state.late_allow = 5;
  PaneSet panes(program, state);
  auto add = [&](int64_t start) { panes.open(start).table.upsert(flow_hash_i64(1), bytes_of(1)); };
  add(0);
  add(10);
  EXPECT_FALSE(panes.next_due(8));
  auto due = panes.next_due(9);
  ASSERT_TRUE(due);
  EXPECT_EQ(due->start_us(), 0);
  panes.close(*due);
  panes.close_through(13);
  EXPECT_EQ(panes.panes().size(), 2u);
  EXPECT_FALSE(panes.next_due(13)) << "it has been told";
  add(0);
  EXPECT_FALSE(panes.next_due(18));
  panes.close_through(14);
  ASSERT_EQ(panes.panes().size(), 1u) << "nothing comes for it any more";
  EXPECT_EQ(panes.panes().front()->start, 10);
  while (auto last = panes.next_due(INT64_MAX)) panes.close(*last);
  panes.close_through(INT64_MAX);
  EXPECT_TRUE(panes.panes().empty());
}

TEST(PaneSet, WindowsThatGrowCloseLikeInAModel) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    int64_t step = 1 + random() % 6, size = step * (1 + random() % 6), offset = static_cast<int64_t>(random() % size);
    FlowState state = state_of(FLOW_WINDOW_CUMULATE, size, step, offset);
    PaneSet panes(program, state);
    std::set<int64_t> open_panes; // model: panes that were opened
    int64_t watermark = -100;
    panes.close_through(watermark);
    auto floor_to = [&](int64_t v, int64_t by) { return v - offset - ((v - offset) % by + by) % by + offset; };
    for (int round = 0; round < 60; ++round) {
      for (uint32_t i = 0; i < random() % 4; ++i) {
        // A row that is not late: its longest window is open, but windows that end with its pane may have closed.
        int64_t time = watermark + 1 - static_cast<int64_t>(random() % 8) + random() % 30;
        if (floor_to(time, size) + size - 1 <= watermark) continue;
        int64_t start = floor_to(time, step);
        panes.open(start).table.upsert(flow_hash_i64(static_cast<uint64_t>(start)), bytes_of(start));
        open_panes.insert(start);
      }
      int64_t before = watermark;
      watermark += random() % 20;
      std::vector<std::pair<int64_t, int64_t>> expected, got;
      for (int64_t end = before + 2; end <= watermark + 1; ++end) {
        if (floor_to(end, step) != end) continue;
        int64_t start = floor_to(end - 1, size);
        auto first = open_panes.lower_bound(start);
        if (first != open_panes.end() && *first < end) expected.emplace_back(start, end);
      }
      while (auto due = panes.next_due(watermark)) {
        got.emplace_back(due->start_us(), due->end_us());
        std::vector<int64_t> in_window, model_in_window, leaving;
        for (Pane* pane : panes.panes_of(*due)) in_window.push_back(pane->start);
        for (int64_t pane : open_panes) {
          if (pane >= due->start_us() && pane < due->end_us()) model_in_window.push_back(pane);
        }
        ASSERT_EQ(in_window, model_in_window);
        for (Pane* pane : panes.leaving(*due)) leaving.push_back(pane->start);
        ASSERT_EQ(leaving, due->end_us() == due->start_us() + size ? in_window : std::vector<int64_t>{});
        panes.close(*due);
      }
      panes.close_through(watermark);
      ASSERT_EQ(got, expected);
      for (const auto& pane : panes.panes())
        ASSERT_GT(floor_to(pane->start, size) + size - 1, watermark) << "a pane is kept that no window needs";
    }
    while (auto due = panes.next_due(INT64_MAX)) panes.close(*due);
    panes.close_through(INT64_MAX);
    EXPECT_TRUE(panes.panes().empty());
  }
}

// The windows of `cumulate` begin together; rows that came out of them are one pane each, which ends with the window.
TEST(PaneSet, SameWindowsThatBeginTogetherDoNotMix) {
  FlowState state = state_of(FLOW_WINDOW_SAME_CUMULATE, 60, 20, 5);
  PaneSet panes(program, state);
  for (int64_t start : {-35, 5, 25, 45, 65})
    panes.open(start).table.upsert(flow_hash_i64(static_cast<uint64_t>(start)), bytes_of(start));
  std::vector<std::pair<int64_t, int64_t>> windows;
  while (auto due = panes.next_due(INT64_MAX)) {
    std::vector<Pane*> found = panes.panes_of(*due);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0]->start, due->end_us() - 20);
    windows.emplace_back(due->start_us(), due->end_us());
    panes.close(*due);
  }
  std::vector<std::pair<int64_t, int64_t>> expected = {{-55, -15}, {5, 25}, {5, 45}, {5, 65}, {65, 85}};
  EXPECT_EQ(windows, expected);
}

// A pane at the beginning of time starts there and not on the grid; its windows do.
TEST(PaneSet, WindowsThatGrowReachTheEndsOfTime) {
  FlowState state = state_of(FLOW_WINDOW_CUMULATE, 60, 20, 0);
  PaneSet panes(program, state);
  for (int64_t start : {INT64_MIN, INT64_MAX - INT64_MAX % 20})
    panes.open(start).table.upsert(flow_hash_i64(static_cast<uint64_t>(start)), bytes_of(start));
  int windows = 0;
  while (auto due = panes.next_due(INT64_MAX)) {
    EXPECT_FALSE(panes.panes_of(*due).empty());
    panes.close(*due);
    ++windows;
  }
  EXPECT_GE(windows, 2);
  EXPECT_LE(windows, 6);
  EXPECT_TRUE(panes.panes().empty());
}

// Behind hopping windows they overlap, and each is one pane.
TEST(PaneSet, SameWindowsThatOverlapDoNotMix) {
  FlowState state = state_of(FLOW_WINDOW_SAME, 60, 30, 0);
  PaneSet panes(program, state);
  for (int64_t start : {-30, 0, 30})
    panes.open(start).table.upsert(flow_hash_i64(static_cast<uint64_t>(start)), bytes_of(start));
  std::vector<int64_t> starts;
  while (auto due = panes.next_due(INT64_MAX)) {
    std::vector<Pane*> found = panes.panes_of(*due);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0]->start, due->start_us());
    EXPECT_EQ(due->end_us(), due->start_us() + 60);
    starts.push_back(found[0]->start);
    panes.close(*due);
  }
  EXPECT_EQ(starts, (std::vector<int64_t>{-30, 0, 30}));
}

// Partial results may leave before their window closes, and the pane may begin again.
TEST(PaneSet, APartialPaneIsHeldUntilItIsSent) {
  FlowState state = state_of(FLOW_WINDOW_TUMBLING, 60, 60, 0);
  state.kind = FLOW_STATE_PARTIAL;
  PaneSet panes(program, state);
  auto add = [&](int64_t start) { panes.open(start).table.upsert(flow_hash_i64(1), bytes_of(1)); };
  add(0);
  add(60);
  EXPECT_GT(panes.held_bytes(), 0u);
  EXPECT_FALSE(panes.next_due(58));
  EXPECT_EQ(panes.next_due(59)->start_us(), 0);
  EXPECT_EQ(panes.next_held()->start_us(), 0) << "without a watermark";
  panes.close(*panes.next_held());
  EXPECT_EQ(panes.next_held()->start_us(), 60);
  panes.close_through(119);
  add(0);
  EXPECT_EQ(panes.next_due(119)->start_us(), 0) << "nothing counts as closed";
  panes.close(*panes.next_held());
  panes.close(*panes.next_held());
  EXPECT_FALSE(panes.next_held());
  EXPECT_EQ(panes.held_bytes(), 0u);
}

// Of a join `within`: five panes of ten in a window, the third of which is judged.
TEST(PaneSet, TheJudgedPaneHasItsNeighbours) {
  FlowState state = state_of(FLOW_WINDOW_HOPPING, 50, 10, 0);
  state.is_interval = 1;
  state.judged = 20;
  PaneSet panes(program, state);
  for (int64_t start : {-10, 0, 10, 20, 40}) panes.open(start);
  std::vector<int64_t> judged;
  for (int64_t watermark = -30; watermark < 120; ++watermark) {
    while (auto due = panes.next_due(watermark)) {
      if (Pane* pane = panes.judged(*due)) {
        judged.push_back(pane->start);
        EXPECT_EQ(watermark, pane->start + 29) << "as soon as all in reach of it has come";
        for (int64_t start : {-10, 0, 10, 20, 40}) {
          bool is_near = start >= pane->start - 20 && start <= pane->start + 20;
          EXPECT_TRUE(!is_near || panes.find(start) != nullptr) << start << " beside " << pane->start;
        }
      }
      panes.close(*due);
    }
  }
  EXPECT_EQ(judged, (std::vector<int64_t>{-10, 0, 10, 20, 40}));
  EXPECT_TRUE(panes.panes().empty());
  EXPECT_EQ(panes.find(0), nullptr);
}

// Its start is cut: it lies behind where it would be.
TEST(PaneSet, TheFirstPaneOfAllIsJudged) {
  FlowState state = state_of(FLOW_WINDOW_HOPPING, 30, 10, 0);
  state.is_interval = 1;
  state.judged = 10;
  PaneSet panes(program, state);
  panes.open(INT64_MIN);
  bool is_judged = false;
  while (auto due = panes.next_due(INT64_MAX)) {
    is_judged = is_judged || panes.judged(*due) != nullptr;
    panes.close(*due);
  }
  EXPECT_TRUE(is_judged);
}

} // namespace
} // namespace flow::runtime
