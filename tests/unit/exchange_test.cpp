// Channels, signals and key groups. Shows: order and contents survive, also between threads; credit bounds what is in
// flight and is paid back; nothing overtakes a watermark; only the last of several watermarks is sent; no wake-up is
// lost; groups and their ranges agree. Run alone: bin/tests/exchange_test (worth a run with the thread sanitizer)
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "runtime/abi/flow_host.h"
#include "runtime/base/random.h"
#include "runtime/batch/batch.h"
#include "runtime/exchange/channel.h"
#include "runtime/exchange/key_groups.h"
#include "runtime/exchange/mailbox.h"

namespace flow::runtime {
namespace {

FlowBatch* batch_of(Channel& channel, int64_t value) {
  FlowBatch* batch = channel.take_batch();
  EXPECT_EQ(batch->rows, 0u);
  memcpy(batch_row(batch, batch->rows++), &value, sizeof value);
  return batch;
}

int64_t value_of(FlowBatch* batch) {
  int64_t value = 0;
  memcpy(&value, batch_row(batch, 0), sizeof value);
  return value;
}

Element take(Channel& channel) {
  const Element* front = channel.front();
  if (front == nullptr) return {.kind = ElementKind::end, .value = -1};
  Element element = *front;
  channel.pop();
  return element;
}

TEST(Channel, KeepsOrderAndGivesBatchesBack) {
  Channel channel({.stride = 8, .rows_max = 4, .credit = 2});
  EXPECT_EQ(channel.front(), nullptr);
  EXPECT_TRUE(channel.send_batch(batch_of(channel, 1)));
  channel.send_watermark(10, false);
  EXPECT_FALSE(channel.send_batch(batch_of(channel, 2))) << "two of two are on their way";
  EXPECT_FALSE(channel.has_credit());
  channel.send_barrier(7);

  Element first = take(channel);
  ASSERT_EQ(first.kind, ElementKind::batch);
  EXPECT_EQ(value_of(first.batch), 1);
  EXPECT_FALSE(channel.has_credit()) << "credit comes with the batch";
  channel.give_back(first.batch);
  EXPECT_TRUE(channel.has_credit());
  Element watermark = take(channel);
  EXPECT_EQ(watermark.kind, ElementKind::watermark);
  EXPECT_EQ(watermark.value, 10);
  Element second = take(channel);
  EXPECT_EQ(value_of(second.batch), 2);
  Element barrier = take(channel);
  EXPECT_EQ(barrier.kind, ElementKind::barrier);
  EXPECT_EQ(barrier.value, 7);
  EXPECT_EQ(channel.front(), nullptr);
  FlowBatch* again = channel.take_batch();
  EXPECT_EQ(again, first.batch) << "batches are used again";
  flow_batch_free(again);
  channel.give_back(second.batch);
}

TEST(Channel, OverdraftIsPaidBack) {
  Channel channel({.stride = 8, .rows_max = 4, .credit = 1});
  for (int64_t i = 0; i < 5; ++i) EXPECT_FALSE(channel.send_batch(batch_of(channel, i)));
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(channel.has_credit());
    channel.give_back(take(channel).batch);
  }
  EXPECT_TRUE(channel.has_credit());
}

// One task's share of the cache, whatever the number of its channels; no batch so small that it costs more than its
// rows.
TEST(Channel, WhatIsInFlightFitsTheCacheOfACore) {
  ChannelShape one = shape_of(16, 1);
  EXPECT_EQ(one.rows_max, 1024u);
  EXPECT_EQ(one.credit, 8u);
  for (uint32_t stride : {8u, 24u, 100u, 500u}) {
    uint64_t before = UINT64_MAX;
    for (uint32_t channels = 1; channels <= 128; ++channels) {
      ChannelShape shape = shape_of(stride, channels);
      uint64_t bytes = uint64_t{shape.rows_max} * stride;
      EXPECT_LE(bytes, before);
      EXPECT_LE(bytes, 16u * 1024);
      EXPECT_GE(bytes, std::min(2 * 1024u - stride, 1024 * stride)) << channels << " channels of stride " << stride;
      EXPECT_LE(bytes * shape.credit * channels, 512u * 1024) << channels << " channels of stride " << stride;
      EXPECT_GE(shape.credit, 2u);
      before = bytes;
    }
  }
  EXPECT_EQ(shape_of(100'000, 1000).rows_max, 4u) << "a batch holds some rows, however wide";
  EXPECT_EQ(shape_of(0, 1).rows_max, 0u) << "encoded bytes";
}

// A producer that found no credit is called when half of it is back, once; one that did not look is left alone.
TEST(Channel, CallsAProducerThatFoundNoCredit) {
  Channel channel({.stride = 8, .rows_max = 4, .credit = 4});
  Signal producer, consumer;
  channel.set_signals(&producer, &consumer);
  auto give_back = [&](int count) {
    for (int i = 0; i < count; ++i) channel.give_back(take(channel).batch);
  };
  for (int64_t i = 0; i < 3; ++i) EXPECT_TRUE(channel.send_batch(batch_of(channel, i)));
  give_back(3);
  EXPECT_EQ(producer.generation(), 0u);
  for (int64_t i = 0; i < 4; ++i) channel.send_batch(batch_of(channel, i));
  EXPECT_FALSE(channel.has_credit());
  give_back(1);
  EXPECT_EQ(producer.generation(), 0u) << "three of four are on their way";
  give_back(3);
  EXPECT_EQ(producer.generation(), 1u);
  EXPECT_TRUE(channel.has_credit());
}

TEST(Channel, SendsOnlyTheLastOfSeveralWatermarksAndNothingOvertakesIt) {
  Channel channel({.stride = 8});
  for (int64_t time = 1; time <= 1000; ++time) channel.send_watermark(time, false);
  EXPECT_EQ(channel.front(), nullptr) << "it waits until something follows";
  channel.send_barrier(1);
  EXPECT_EQ(take(channel).value, 1000);
  EXPECT_EQ(take(channel).kind, ElementKind::barrier);
  channel.send_watermark(1001, true);
  channel.publish();
  Element idle = take(channel);
  EXPECT_EQ(idle.value, 1001);
  EXPECT_TRUE(idle.is_idle);
  channel.send_watermark(1002, false);
  channel.send_end();
  EXPECT_EQ(take(channel).value, 1002);
  EXPECT_EQ(take(channel).kind, ElementKind::end);
}

TEST(Channel, FreesWhatNobodyTook) { // the address sanitizer looks at this one
  Channel channel({.stride = 8});
  for (int64_t i = 0; i < 100; ++i) channel.send_batch(batch_of(channel, i));
}

TEST(ChannelDeathTest, WatermarksNeverFall) {
  Channel channel({.stride = 8});
  channel.send_watermark(5, false);
  EXPECT_DEATH(channel.send_watermark(4, false), "never fall");
}

TEST(ChannelDeathTest, NothingFollowsTheEnd) {
  Channel channel({.stride = 8});
  channel.send_end();
  EXPECT_DEATH(channel.send_barrier(1), "nothing follows");
}

TEST(Channel, BetweenThreads) {
  constexpr int64_t batches = 50'000;
  Channel channel({.stride = 8, .rows_max = 2, .credit = 3});
  Signal producer, consumer;
  channel.set_signals(&producer, &consumer);
  uint32_t in_flight_max = 0;
  std::thread sender([&] {
    Random random(1);
    for (int64_t i = 0; i < batches; ++i) {
      while (true) {
        uint32_t seen = producer.generation();
        if (channel.has_credit()) break;
        channel.call_consumer(); // as at the end of every turn: nobody sleeps and leaves another asleep
        producer.wait(seen, 10'000'000);
      }
      in_flight_max = std::max(in_flight_max, channel.in_flight());
      channel.send_batch(batch_of(channel, i));
      if (random.one_in(3)) channel.send_watermark(i, false);
      if (random.one_in(50)) channel.send_barrier(static_cast<uint64_t>(i + 1));
      if (random.one_in(10)) channel.call_consumer();
    }
    channel.send_end();
    channel.call_consumer();
  });
  int64_t next = 0, watermark = -1;
  for (bool has_ended = false; !has_ended;) {
    uint32_t seen = consumer.generation();
    const Element* front = channel.front();
    if (front == nullptr) {
      consumer.wait(seen, 10'000'000);
      continue;
    }
    Element element = *front;
    channel.pop();
    switch (element.kind) {
    case ElementKind::batch:
      ASSERT_EQ(value_of(element.batch), next++);
      channel.give_back(element.batch);
      break;
    case ElementKind::watermark:
      ASSERT_GT(element.value, watermark);
      ASSERT_LT(element.value, next) << "a watermark comes behind the rows before it";
      watermark = element.value;
      break;
    case ElementKind::barrier: ASSERT_EQ(element.value, next); break;
    case ElementKind::end: has_ended = true; break;
    }
  }
  sender.join();
  EXPECT_EQ(next, batches);
  EXPECT_LT(in_flight_max, 3u);
}

TEST(Signal, NoCallIsLost) {
  Signal ping, pong;
  constexpr int rounds = 5000;
  std::atomic<int> at{0};
  std::thread other([&] {
    for (int i = 0; i < rounds; ++i) {
      uint32_t seen = ping.generation();
      while (at.load() != 2 * i + 1) {
        ping.wait(seen, 60'000'000); // a lost call would show as a minute of silence
        seen = ping.generation();
      }
      at.store(2 * i + 2);
      pong.notify();
    }
  });
  for (int i = 0; i < rounds; ++i) {
    at.store(2 * i + 1);
    ping.notify();
    uint32_t seen = pong.generation();
    while (at.load() != 2 * i + 2) {
      pong.wait(seen, 60'000'000);
      seen = pong.generation();
    }
  }
  other.join();
  EXPECT_EQ(at.load(), 2 * rounds);
}

TEST(Mailbox, GivesAllInOrderFromManyThreads) {
  Signal signal;
  Mailbox<std::pair<int, int>> mailbox(&signal);
  std::vector<std::thread> senders;
  for (int sender = 0; sender < 4; ++sender) {
    senders.emplace_back([&, sender] {
      for (int i = 0; i < 1000; ++i) mailbox.post({sender, i});
    });
  }
  std::vector<int> next(4, 0);
  for (int got = 0; got < 4000;) {
    uint32_t seen = signal.generation();
    std::vector<std::pair<int, int>> messages = mailbox.take_all();
    for (auto [sender, i] : messages) ASSERT_EQ(i, next[static_cast<size_t>(sender)]++);
    got += static_cast<int>(messages.size());
    if (messages.empty()) signal.wait(seen, 10'000'000);
  }
  for (std::thread& sender : senders) sender.join();
}

TEST(KeyGroups, EveryTaskOwnsARangeOfGroups) {
  for (uint32_t count : {1u, 2u, 7u, 128u, 1000u, group_count_max}) {
    KeyGroups groups(count);
    for (uint32_t tasks : {1u, 2u, 3u, 5u, 64u, 1000u}) {
      if (tasks > count) continue;
      uint32_t owner = 0;
      for (uint32_t group = 0; group < count; ++group) {
        uint32_t task = groups.task_of(group, tasks);
        ASSERT_TRUE(task == owner || task == owner + 1) << "no task goes without, none comes twice";
        owner = task;
      }
      ASSERT_EQ(owner, tasks - 1);
      ASSERT_EQ(groups.task_of(0, tasks), 0u);
    }
  }
}

// Stored state depends on these numbers: they never change.
TEST(KeyGroups, GroupsOfHashesAreThoseOfStoredState) {
  KeyGroups groups(128);
  EXPECT_EQ(groups.group_of(0), 0u);
  EXPECT_EQ(groups.group_of(~uint64_t{0}), 127u);
  EXPECT_EQ(groups.group_of(uint64_t{1} << 63), 64u);
  EXPECT_EQ(groups.group_of((uint64_t{1} << 57) - 1), 0u);
  EXPECT_EQ(groups.group_of(uint64_t{1} << 57), 1u);
  EXPECT_EQ(KeyGroups(3).group_of(0x5555555555555555u), 0u);
  EXPECT_EQ(KeyGroups(3).group_of(0x5555555555555556u), 1u);
}

} // namespace
} // namespace flow::runtime
