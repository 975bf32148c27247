// The queries q1, q2, q5 and q7 of nexmark/*.flow by hand, one thread, each made for exactly this query. The bids come
// in order, but as in Flow windows stay open until the watermark, four seconds behind, has passed them.
//
//   bench_nexmark generate|generate_full|q1|q2|q5|q7 --events N --spacing NANOSECONDS
//                 [--touch nothing|numbers|all] [--shape fused|columns]
#include "tests/bench/nexmark/nexmark.h"

#include <array>

#include "tests/bench/hand/tables.h"

namespace {

using namespace bench;

template <typename Out> struct Generate {
  Out& out;
  void row(const Bid& bid) { out.row(bid.auction, bid.bidder, bid.price, Time{bid.ms}); }
  void watermark(int64_t) {}
  void finish() {}
};

template <typename Out> struct GenerateFull {
  Out& out;
  Texts texts{};
  void row(const Bid& bid) {
    Texts::Views views = texts.of(bid.number);
    out.row(bid.auction, bid.bidder, bid.price, Time{bid.ms}, views.channel, views.url, views.extra);
  }
  void watermark(int64_t) {}
  void finish() {}
};

template <typename Out> struct Q1 {
  Out& out;
  void row(const Bid& bid) { out.row(bid.auction, bid.bidder, bid.price * 908, Time{bid.ms}); }
  void watermark(int64_t) {}
  void finish() {}
};

template <typename Out> struct Q2 {
  Out& out;
  void row(const Bid& bid) {
    if (bid.auction % 123 == 0) out.row(bid.auction, bid.price);
  }
  void watermark(int64_t) {}
  void finish() {}
};

/// Bids are counted once, in the pane of two seconds that they lie in; five panes make a window.
template <typename Out> class Q5 {
public:
  explicit Q5(Out& out) : out_(out) {}

  void row(const Bid& bid) {
    if (static_cast<uint64_t>(bid.ms - begin_) >= slide_ms) turn_to(bid.ms / slide_ms);
    (*open_)[bid.auction]++;
  }
  void watermark(int64_t ms) {
    while (next_ >= 0 && (next_ + 1) * slide_ms <= ms) fire();
  }
  void finish() {
    for (int64_t last = current_ + panes_of_window; next_ < last;) fire();
  }

private:
  static constexpr int64_t slide_ms = 2000, panes_of_window = 5;

  IndexedTable& pane(int64_t number) { return panes_[static_cast<uint64_t>(number) % panes_.size()]; }

  __attribute__((noinline)) void turn_to(int64_t number) {
    current_ = number;
    begin_ = number * slide_ms;
    open_ = &pane(number);
    if (next_ < 0) next_ = number;
  }

  /// The window that ends with pane `next_`.
  __attribute__((noinline)) void fire() {
    window_.clear();
    for (int64_t i = 0; i < panes_of_window; i++) {
      pane(next_ - i).each([&](int64_t auction, int64_t bids) { window_[auction] += bids; });
    }
    int64_t best = 0, most = 0;
    window_.each([&](int64_t auction, int64_t bids) {
      if (bids < most || (bids == most && auction >= best)) return;
      best = auction;
      most = bids;
    });
    if (most > 0) out_.row(best, Time{(next_ + 1) * slide_ms}, most);
    pane(next_ - panes_of_window + 1).clear();
    next_++;
  }

  Out& out_;
  std::array<IndexedTable, 16> panes_;
  IndexedTable window_;
  IndexedTable* open_ = nullptr;
  int64_t begin_ = INT64_MAX, current_ = -1, next_ = -1;
};

template <typename Out> class Q7 {
public:
  explicit Q7(Out& out) : out_(out) { highest_.fill(-1); }

  void row(const Bid& bid) {
    if (static_cast<uint64_t>(bid.ms - begin_) >= size_ms) turn_to(bid.ms / size_ms);
    best_ = std::max(best_, bid.price);
  }
  void watermark(int64_t ms) {
    while (next_ >= 0 && (next_ + 1) * size_ms <= ms) fire();
  }
  void finish() {
    while (next_ <= current_) fire();
  }

private:
  static constexpr int64_t size_ms = 10000;

  int64_t& highest(int64_t number) { return highest_[static_cast<uint64_t>(number) % highest_.size()]; }

  __attribute__((noinline)) void turn_to(int64_t number) {
    put_away();
    current_ = number;
    begin_ = number * size_ms;
    best_ = highest(number);
    if (next_ < 0) next_ = number;
  }
  void put_away() {
    if (current_ >= 0) highest(current_) = best_;
  }
  __attribute__((noinline)) void fire() {
    put_away();
    out_.row(Time{(next_ + 1) * size_ms}, highest(next_));
    highest(next_) = -1;
    next_++;
  }

  Out& out_;
  std::array<int64_t, 4> highest_;
  int64_t best_ = -1; // of the window that is open
  int64_t begin_ = INT64_MAX, current_ = -1, next_ = -1;
};

template <template <typename> typename Query, typename Out> void run(const Flags& flags, Out& out) {
  Query<Out> query{out};
  each_bid(flags, query);
  query.finish();
}

} // namespace

int main(int argc, char** argv) {
  Flags flags(argc, argv);
  return with_output(flags, [&](auto& out) {
    std::string_view query = flags.query();
    if (query == "generate") return run<Generate>(flags, out);
    if (query == "generate_full") return run<GenerateFull>(flags, out);
    if (query == "q1") return run<Q1>(flags, out);
    if (query == "q2") return run<Q2>(flags, out);
    if (query == "q5") return run<Q5>(flags, out);
    if (query == "q7") return run<Q7>(flags, out);
    no_such_query(flags);
  });
}
