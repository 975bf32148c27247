// The bids of nexmark.flow, line by line the same arithmetic, and two ways to hand them to a query: one by one in one
// loop, or in columns of 512 that are made first, which the compiler can turn into vector code.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "tests/bench/hand/output.h"

namespace bench {

constexpr int64_t lag_ms = 4000;

struct Bid {
  int64_t number, auction, bidder, price, ms;
};

inline int64_t scaled(uint64_t bits, int width, int64_t span) {
  return static_cast<int64_t>(bits * static_cast<uint64_t>(span) >> width);
}
inline uint64_t field(uint64_t bits, int from, uint64_t mask) { return bits >> from & mask; }

inline int64_t one_of(uint64_t bits, int width, int64_t last, int64_t first) {
  return first + 1000 + scaled(bits, width, last - first + 11);
}
inline int64_t auction_of(uint64_t bits, int64_t last) {
  if ((bits & 1) == 1) return last / 100 * 100 + 1000;
  return one_of(field(bits, 1, 65535), 16, last, std::max<int64_t>(last - 100, 0));
}
inline int64_t bidder_of(uint64_t bits, int64_t last) {
  if (field(bits, 17, 3) != 0) return last / 100 * 100 + 1001;
  return one_of(field(bits, 19, 8191), 13, last, std::max<int64_t>(last - 999, 0));
}
inline int64_t price_of(uint64_t bits) {
  uint64_t octaves = (6553600 + (bits & 65535) * 100) << scaled(field(bits, 16, 65535), 16, 20);
  return static_cast<int64_t>(octaves >> 16);
}
inline int64_t ms_of(int64_t n, int64_t spacing) {
  int64_t event = n / 46 * 50 + n % 46 + 4;
  return 1436918400000 + event * spacing / 1000000;
}

inline Bid bid_of(int64_t n, int64_t spacing) {
  uint64_t bits = hash64(static_cast<uint64_t>(n));
  int64_t epoch = n / 46;
  return {n, auction_of(bits, epoch * 3 + 2), bidder_of(bits, epoch), price_of(bits >> 32), ms_of(n, spacing)};
}

/// The texts of a bid, which lie here until the next is made.
class Texts {
public:
  struct Views {
    std::string_view channel, url, extra;
  };

  Views of(int64_t n) {
    uint64_t bits = hash64(~static_cast<uint64_t>(n));
    int64_t length = 54 + scaled(field(bits, 43, 65535), 16, 28);
    return {channel_of(bits), url_of(bits), letters.substr(field(bits, 36, 127), static_cast<size_t>(length))};
  }

private:
  static constexpr std::string_view letters =
      "lqhxvdpzrtkwmnbgfyscjaoeiuqplmzkoxnjibcuhvygtfcrdxesazwqpmlokanijbuhvycgtxfrdzesawqnmkjlhpoigfuydtsrewqazxcvbpok"
      "nmlijhubgytvfcrdxeszawqmnbvcxzlkjhgfdsapoiuytrewqzpamlxnskqowcbdjvheiurfgytbnvmckdlsxjahzgqpwoeirutyqazwsxedcrfv"
      "tgbyhnujmikolpmzlaqnxksowbcjdievhfurgyt";

  std::string_view channel_of(uint64_t bits) {
    constexpr std::string_view hot[] = {"Google", "Facebook", "Baidu", "Apple"};
    if ((bits & 7) < 4) return hot[bits & 7];
    return numbered(channel_, "channel-", scaled(field(bits, 3, 65535), 16, 10000), "");
  }
  std::string_view url_of(uint64_t bits) {
    auto item = static_cast<int64_t>(field(bits, 3, 65535));
    return numbered(url_, "https://www.nexmark.com/", item, "/item.htm?query=1");
  }
  static std::string_view numbered(char* to, std::string_view before, int64_t number, std::string_view behind) {
    std::memcpy(to, before.data(), before.size());
    char* end = std::to_chars(to + before.size(), to + before.size() + 20, number).ptr;
    std::memcpy(end, behind.data(), behind.size());
    return {to, static_cast<size_t>(end - to) + behind.size()};
  }

  char channel_[32], url_[72];
};

/// What is made of every bid, whether the query needs it or not.
enum class Touch { nothing, numbers, all };

struct Run {
  int64_t events, spacing;
};

/// query.row(bid) for each, query.watermark(ms) now and then.
template <Touch touch, typename Query> void fused(Run run, Query& query) {
  constexpr int64_t portion = 1024;
  Texts texts;
  for (int64_t from = 0; from < run.events; from += portion) {
    int64_t to = std::min(from + portion, run.events);
    for (int64_t n = from; n < to; n++) {
      Bid bid = bid_of(n, run.spacing);
      if constexpr (touch != Touch::nothing) {
        for (int64_t value : {bid.auction, bid.bidder, bid.price, bid.ms}) exists(value);
      }
      if constexpr (touch == Touch::all) {
        Texts::Views views = texts.of(n);
        for (std::string_view text : {views.channel, views.url, views.extra}) exists(text);
      }
      query.row(bid);
    }
    query.watermark(ms_of(to - 1, run.spacing) - lag_ms);
  }
}

template <Touch touch, typename Query> void columns(Run run, Query& query) {
  constexpr int64_t portion = 512;
  int64_t auction[portion], bidder[portion], price[portion], ms[portion];
  Texts texts;
  for (int64_t from = 0; from < run.events; from += portion) {
    int64_t count = std::min(portion, run.events - from);
    for (int64_t i = 0; i < count; i++) {
      Bid bid = bid_of(from + i, run.spacing);
      auction[i] = bid.auction;
      bidder[i] = bid.bidder;
      price[i] = bid.price;
      ms[i] = bid.ms;
    }
    if constexpr (touch != Touch::nothing) {
      for (int64_t* column : {auction, bidder, price, ms}) asm volatile("" : : "r"(column) : "memory");
    }
    for (int64_t i = 0; i < count; i++) {
      if constexpr (touch == Touch::all) {
        Texts::Views views = texts.of(from + i);
        for (std::string_view text : {views.channel, views.url, views.extra}) exists(text);
      }
      query.row(Bid{from + i, auction[i], bidder[i], price[i], ms[i]});
    }
    query.watermark(ms_of(from + count - 1, run.spacing) - lag_ms);
  }
}

/// As the flags `touch` (nothing, numbers, all) and `shape` (fused, columns) say.
template <typename Query> void each_bid(const Flags& flags, Query& query) {
  Run run{flags.number("events"), flags.number("spacing")};
  bool in_columns = flags.text("shape", "fused") == "columns";
  auto with = [&]<Touch touch>() { return in_columns ? columns<touch>(run, query) : fused<touch>(run, query); };
  std::string_view touch = flags.text("touch", "nothing");
  if (touch == "all") return with.template operator()<Touch::all>();
  if (touch == "numbers") return with.template operator()<Touch::numbers>();
  with.template operator()<Touch::nothing>();
}

} // namespace bench
