// Bytes of rows, keys and entries: aligned, without holes, never overlapping; what codegen and runtime rely on.
#include "compiler/plan/layout.h"

#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/plan_fixture.h"

namespace flow::tests {
namespace {

using plan::Accumulator;
using plan::KeySpec;
using plan::Layout;
using sema::AggregateKind;

KeySpec key_of(std::vector<Column> columns) {
  KeySpec key;
  key.columns = std::move(columns);
  for (uint32_t i = 0; i < key.columns.size(); i++) key.from.push_back(i);
  plan::settle_key(key);
  return key;
}

Column small(std::string_view name, Kind kind) { return {name, sema::scalar(kind)}; }

uint32_t bytes_used(const Layout& layout) {
  uint32_t bytes = 0, nullable = 0;
  for (const plan::Field& field : layout.fields) {
    bytes += sema::size_of(field.type.kind);
    nullable += field.type.nullable ? 1 : 0;
  }
  return bytes + (nullable + 7) / 8;
}

void expect_sound(const Layout& layout) {
  std::vector<int> taken(layout.stride, 0);
  for (const plan::Field& field : layout.fields) {
    uint32_t size = sema::size_of(field.type.kind);
    EXPECT_EQ(field.offset % sema::align_of(field.type.kind), 0u) << field.name;
    ASSERT_LE(field.offset + size, layout.stride) << field.name;
    for (uint32_t i = 0; i < size; i++) EXPECT_EQ(taken[field.offset + i]++, 0) << field.name;
    EXPECT_EQ(field.type.nullable, field.null_bit != plan::none) << field.name;
  }
  std::set<uint32_t> bits;
  for (const plan::Field& field : layout.fields) {
    if (field.null_bit == plan::none) continue;
    ASSERT_LT(field.null_bit / 8, layout.stride);
    EXPECT_EQ(taken[field.null_bit / 8], 0) << field.name << "'s null bit lies in a value";
    EXPECT_TRUE(bits.insert(field.null_bit).second) << field.name;
  }
  EXPECT_EQ(layout.stride % 8, 0u);
}

TEST(Layout, RowsHaveNoHoles) {
  Layout layout = plan::row_layout(
      "r", {small("a", Kind::BOOL), i64("b"), small("c", Kind::I32), small("d", Kind::U16), string("e")}, true);
  expect_sound(layout);
  EXPECT_EQ(layout.stride, (bytes_used(layout) + 7) / 8 * 8);
  EXPECT_EQ(layout.fields.front().name, "a") << "fields keep the order of the program";
  EXPECT_EQ(layout.fields.back().name, "@time");
}

TEST(Layout, RandomRowsAreSoundAndTight) {
  std::mt19937 random(1);
  for (int round = 0; round < 500; round++) {
    std::vector<Column> columns(random() % 40);
    for (Column& column : columns) {
      column = {"f", sema::scalar(static_cast<Kind>(random() % static_cast<uint32_t>(Kind::ENUM)))};
      if (random() % 2 == 0) column = nullable(column);
    }
    Layout layout = plan::row_layout("r", columns, random() % 2 == 0);
    expect_sound(layout);
    EXPECT_EQ(layout.stride, std::max(8u, (bytes_used(layout) + 7) / 8 * 8));
  }
}

TEST(Layout, RowOfNothingStillHasAPlace) { EXPECT_EQ(plan::row_layout("r", {}, false).stride, 8u); }

TEST(Layout, NoNullBitsWithoutNullableFields) {
  EXPECT_EQ(plan::row_layout("r", {i64("a"), i64("b")}, false).stride, 16u);
  EXPECT_EQ(plan::row_layout("r", {i64("a"), nullable(i64("b"))}, false).stride, 24u);
}

TEST(Layout, FixedKeys) {
  EXPECT_EQ(key_of({}).size, 0u);
  EXPECT_EQ(key_of({i64("a")}).size, 8u);
  EXPECT_EQ(key_of({small("a", Kind::I32)}).size, 8u) << "padded: every fixed key is whole words";
  EXPECT_EQ(key_of({small("a", Kind::I32), small("b", Kind::DATE)}).size, 8u);
  EXPECT_EQ(key_of({nullable(i64("a"))}).size, 16u) << "the null bit is part of the key";
  EXPECT_FALSE(key_of({i64("a")}).is_bytes);
}

TEST(Layout, KeysWithTextAreBytes) {
  EXPECT_TRUE(key_of({string("a")}).is_bytes);
  EXPECT_TRUE(key_of({i64("a"), string("b")}).is_bytes);
  EXPECT_EQ(key_of({i64("a"), string("b")}).size, 16u);
}

TEST(Layout, EntryBeginsWithTheKey) {
  KeySpec key = key_of({nullable(small("k", Kind::I32)), i64("l")});
  std::vector<Accumulator> accumulators;
  ProgramBuilder b;
  Layout entry = plan::aggregate_layout("e", key, {b.count("n")}, true, accumulators);
  expect_sound(entry);
  EXPECT_EQ(entry.fields[0].name, "k");
  EXPECT_EQ(entry.fields[1].name, "l");
  EXPECT_LT(entry.fields[0].null_bit / 8, key.size);
  for (size_t i = 2; i < entry.fields.size(); i++) EXPECT_GE(entry.fields[i].offset, key.size);
}

TEST(Layout, EntryOfABytesKeyBeginsWithAString) {
  std::vector<Accumulator> accumulators;
  ProgramBuilder b;
  Layout entry = plan::aggregate_layout("e", key_of({string("word"), i64("l")}), {b.count("n")}, false, accumulators);
  EXPECT_EQ(entry.fields[0].name, "@key");
  EXPECT_EQ(entry.fields[0].offset, 0u);
  EXPECT_TRUE(entry.fields[0].type.is_text());
  EXPECT_EQ(entry.stride, 24u);
}

class AccumulatorTest : public testing::Test, public ProgramBuilder {
protected:
  /// The entry of one call; its accumulator in `acc`.
  Layout entry(const sema::AggregateCall& call, bool has_time = true) {
    accumulators.clear();
    Layout made = plan::aggregate_layout("e", key_of({i64("k")}), {call}, has_time, accumulators);
    expect_sound(made);
    acc = accumulators.at(0);
    return made;
  }
  const Expr* of(Kind kind, bool is_nullable = false) {
    sema::Type type = sema::scalar(kind);
    return make(ExprKind::column, is_nullable ? type.with_null() : type, {}, 0);
  }
  std::vector<Accumulator> accumulators;
  Accumulator acc;
};

TEST_F(AccumulatorTest, CountIsOneNumber) {
  entry(count("n"));
  EXPECT_NE(acc.count, plan::none);
  EXPECT_EQ(acc.value, plan::none);
}

TEST_F(AccumulatorTest, SumOfIntegersIsOneOfFloatsAPair) {
  EXPECT_EQ(entry(sum("s", of(Kind::I64))).stride, 16u);
  Layout floats = entry(sum("s", of(Kind::F64)));
  EXPECT_EQ(floats.stride, 24u);
  EXPECT_EQ(floats.fields[acc.value + 1].offset, floats.fields[acc.value].offset + 8)
      << "the two halves are neighbours";
}

TEST_F(AccumulatorTest, PairsStayNeighboursAmongOtherFields) {
  ProgramBuilder b;
  std::vector<Accumulator> made;
  std::vector<sema::AggregateCall> calls = {
      b.kept("a", AggregateKind::min, of(Kind::BOOL)),
      b.sum("s", of(Kind::F32)),
      b.kept("c", AggregateKind::max, of(Kind::STRING, true)),
      {.name = "v", .kind = AggregateKind::avg, .argument = of(Kind::I32), .result = sema::scalar(Kind::F64)}};
  Layout entry = plan::aggregate_layout("e", key_of({string("k")}), calls, true, made);
  expect_sound(entry);
  for (size_t i : {1u, 3u}) {
    EXPECT_EQ(entry.fields[made[i].value].type.kind, Kind::F64);
    EXPECT_EQ(entry.fields[made[i].value + 1].offset, entry.fields[made[i].value].offset + 8);
  }
}

TEST_F(AccumulatorTest, AverageHasSumAndCount) {
  entry({.name = "v", .kind = AggregateKind::avg, .argument = of(Kind::I64), .result = sema::scalar(Kind::F64)});
  EXPECT_NE(acc.value, plan::none);
  EXPECT_NE(acc.count, plan::none);
}

TEST_F(AccumulatorTest, KeptValuesKnowWhetherTheyAreThere) {
  for (AggregateKind kind : {AggregateKind::min, AggregateKind::max, AggregateKind::first, AggregateKind::last}) {
    Layout made = entry(kept("m", kind, of(Kind::I64, true)));
    EXPECT_EQ(made.fields[acc.is_set].type.kind, Kind::BOOL);
    EXPECT_FALSE(made.fields[acc.value].type.nullable) << "nulls are skipped, so none is kept";
  }
}

TEST_F(AccumulatorTest, FirstAndLastKeepTheTimeEvenOfRowsWithout) {
  entry(kept("f", AggregateKind::first, of(Kind::I64)), true);
  EXPECT_NE(acc.order, plan::none);
  entry(kept("f", AggregateKind::last, of(Kind::I64)), false);
  EXPECT_NE(acc.order, plan::none);
}

TEST_F(AccumulatorTest, MinByKeepsNullsTheOrderAndTheTime) {
  Layout made = entry(kept("m", AggregateKind::min_by, of(Kind::STRING, true), of(Kind::F64, true)));
  EXPECT_TRUE(made.fields[acc.value].type.nullable) << "the value of the least may be null";
  EXPECT_EQ(made.fields[acc.order].type, sema::scalar(Kind::F64));
  EXPECT_NE(acc.order_time, plan::none);
  entry(kept("m", AggregateKind::max_by, of(Kind::I64), of(Kind::I64)), false);
  EXPECT_EQ(acc.order_time, plan::none);
}

TEST(Layout, TopKeepsRowsBehindTheKey) {
  Layout row = plan::row_layout("r", {i64("a"), string("b")}, true);
  Layout entry = plan::top_layout("e", key_of({i64("k")}), 3, 7, row);
  ASSERT_TRUE(entry.repeat.has_value());
  EXPECT_EQ(entry.repeat->count_offset, 8u);
  EXPECT_EQ(entry.repeat->offset, 16u);
  EXPECT_EQ(entry.repeat->row_layout, 7u);
  EXPECT_EQ(entry.stride, 16u + 3 * row.stride);
}

TEST(Layout, FingerprintsTellBytesApart) {
  auto of = [](std::vector<Column> columns) { return plan::row_layout("r", columns, false).fingerprint; };
  EXPECT_EQ(of({i64("a")}), plan::row_layout("another name", {i64("a")}, false).fingerprint);
  EXPECT_NE(of({i64("a")}), of({i64("b")}));
  EXPECT_NE(of({i64("a")}), of({f64("a")}));
  EXPECT_NE(of({i64("a")}), of({nullable(i64("a"))}));
  EXPECT_NE(of({i64("a"), i64("b")}), of({i64("b"), i64("a")}));
  Layout ints = plan::row_layout("r", {i64("a")}, false), floats = plan::row_layout("r", {f64("a")}, false);
  EXPECT_NE(plan::top_layout("e", {}, 1, 0, ints).fingerprint, plan::top_layout("e", {}, 1, 0, floats).fingerprint)
      << "the rows of a list count";
}

} // namespace
} // namespace flow::tests
