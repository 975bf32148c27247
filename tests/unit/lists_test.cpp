// Lists of rows in entries: growing, copied meanwhile, as bytes and back, wrong bytes. Run alone: bin/tests/lists_test
#include "tests/unit/state_layouts.h"

namespace flow::runtime {
namespace {

struct Visit {
  int64_t number;
  uint8_t page[16];
};
struct Score {
  int64_t value;
};
struct Player {
  int64_t key;
  uint8_t visits[FLOW_LIST_BYTES];
  int64_t sum;
  uint8_t scores[FLOW_LIST_BYTES];
};
const FlowField visit_fields[] = {{"number", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                                  {"page", FLOW_STRING, 8, FLOW_NONE, FLOW_NONE}};
const FlowField score_fields[] = {{"value", FLOW_ENUM, 0, FLOW_NONE, 0}};
const FlowField player_fields[] = {{"key", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                                   {"sum", FLOW_I64, offsetof(Player, sum), FLOW_NONE, FLOW_NONE}};
const FlowList player_lists[] = {{offsetof(Player, visits), 0}, {offsetof(Player, scores), 1}};
const FlowLayout player_layouts[] = {{"visit", 1, sizeof(Visit), 2, visit_fields, no_list, 0, 0, nullptr},
                                     {"score", 2, sizeof(Score), 1, score_fields, no_list, 0, 0, nullptr},
                                     {"player", 3, sizeof(Player), 2, player_fields, no_list, 2, 0, player_lists}};
const char* const score_texts[] = {"low", "middle", "high"};
const FlowEnum score_enum = {"Score", 3, score_texts};

FlowProgram player_program() {
  FlowProgram made = program_of(player_layouts, 3);
  made.enums = &score_enum;
  made.enum_count = 1;
  return made;
}

// What a list holds of visits: number and page.
using Visits = std::vector<std::pair<int64_t, std::string>>;
struct Model {
  Visits visits;
  std::vector<int64_t> scores;
  int64_t sum = 0;
  bool operator==(const Model&) const = default;
};
using Models = std::map<int64_t, Model>;

std::string page_of(int64_t number) {
  return std::string(static_cast<size_t>(number % 40), 'p') + std::to_string(number);
}

Model read_player(const Player& player, const uint8_t* heap) {
  Model read{.sum = player.sum};
  for_each_list_row(heap, *list_head(player.visits), sizeof(Visit), [&](const uint8_t* at) {
    const auto* visit = reinterpret_cast<const Visit*>(at);
    FlowView page = read_string(visit->page, heap);
    read.visits.emplace_back(visit->number, std::string(page.data, page.length));
  });
  for_each_list_row(heap, *list_head(player.scores), sizeof(Score),
                    [&](const uint8_t* at) { read.scores.push_back(reinterpret_cast<const Score*>(at)->value); });
  EXPECT_EQ(list_head(player.visits)->length, read.visits.size());
  return read;
}

struct Players {
  FlowProgram program = player_program();
  LayoutCodec codec{program, player_layouts[2], false};
  StateTable table{codec, table_key(player_layouts[2], 8, false)};

  Player& at(int64_t key) {
    return *reinterpret_cast<Player*>(flow_table_upsert(&table, flow_hash_i64(static_cast<uint64_t>(key)),
                                                        reinterpret_cast<const uint8_t*>(&key), 8, sizeof(Player)));
  }
  void add(int64_t key, int64_t number, Models& models) {
    Player& player = at(key);
    Model& model = models[key];
    player.sum += number;
    model.sum += number;
    if (number % 3 == 0) {
      auto* score = reinterpret_cast<Score*>(flow_list_append(&table, player.scores, sizeof(Score)));
      EXPECT_EQ(score->value, 0);
      score->value = number % 2;
      model.scores.push_back(number % 2);
      return;
    }
    auto* visit = reinterpret_cast<Visit*>(flow_list_append(&table, player.visits, sizeof(Visit)));
    std::string page = page_of(number);
    visit->number = number;
    flow_entry_string(&table, visit->page, page.data(), page.size());
    model.visits.emplace_back(number, page);
  }
  Models all() {
    Models read;
    table.for_each_entry([&](const uint8_t* at) {
      const auto& player = *reinterpret_cast<const Player*>(at);
      read[player.key] = read_player(player, table.heap);
    });
    return read;
  }
};

Models read_copy(const TableCopy& copy) {
  Models read;
  copy.for_each_entry([&](uint32_t number) {
    const auto& player = *reinterpret_cast<const Player*>(copy.entry(number));
    read[player.key] = read_player(player, copy.heap());
  });
  return read;
}

// A thread reads what was copied while the lists of the same entries grow, entries are added and the table splits.
TEST(Lists, GrowWhileTheyAreCopied) {
  CopyPool pool;
  Players players;
  Models models;
  std::mt19937_64 random(11);
  int64_t number = 0;
  auto change = [&](int64_t times, uint64_t keys) {
    // A tenth of the rows go to one key: a list of many chunks.
    for (int64_t i = 0; i < times; ++i)
      players.add(i % 10 == 0 ? 7 : static_cast<int64_t>(random() % keys), ++number, models);
  };
  for (int round = 0; round < 4; ++round) {
    change(30'000, 5'000);
    Models before = models, read;
    TableCopy copy(players.table, pool);
    std::thread writer([&] {
      copy.finish();
      read = read_copy(copy);
    });
    change(60'000, 20'000);
    writer.join();
    EXPECT_TRUE(read == before);
    EXPECT_TRUE(read_copy(copy) == before) << "what was copied stays as it was";
    EXPECT_TRUE(players.all() == models);
  }
}

TEST(Lists, ATableThatIsClearedBeginsAnew) {
  Players players;
  Models models;
  for (int64_t number = 0; number < 20'000; ++number) players.add(number % 100, number, models);
  uint64_t held = players.table.string_bytes();
  EXPECT_GT(held, 20'000u * 2 / 3 * sizeof(Visit));
  for (int round = 0; round < 3; ++round) {
    players.table.clear();
    models.clear();
    EXPECT_EQ(players.table.string_bytes(), 0u);
    for (int64_t number = 0; number < 20'000; ++number) players.add(number % 100, number + round, models);
    EXPECT_TRUE(players.all() == models);
    EXPECT_LE(players.table.string_bytes(), held * 2);
  }
}

// A place names a row for good, though the list goes on growing: so a reader may stop and go on.
TEST(Lists, AReaderGoesOnWhereItStopped) {
  Players players;
  Models models;
  for (int64_t number = 1; number < 5'000; number += 3) players.add(1, number, models);
  const Visits& visits = models[1].visits;
  uint64_t place[2] = {};
  size_t read = 0;
  EXPECT_EQ(flow_list_at(&players.table, players.at(1).scores, place, sizeof(Score)), nullptr) << "an empty list";
  while (const uint8_t* row = flow_list_at(&players.table, players.at(1).visits, place, sizeof(Visit))) {
    ASSERT_LT(read, visits.size());
    ASSERT_EQ(reinterpret_cast<const Visit*>(row)->number, visits[read].first);
    ++place[1];
    if (++read % 100 == 0) players.add(1, 1'000'000 + static_cast<int64_t>(read) * 3 + 1, models);
  }
  EXPECT_EQ(read, visits.size());
}

// Into a table that holds entries already, as several old tasks' panes meet in one.
TEST(Lists, ComeBackFromBytesAndRefuseWrongOnes) {
  Players players;
  Models models;
  for (int64_t number = 0; number < 3'000; ++number) players.add(number % 50, number, models);
  auto restore = [](Players& into, int64_t key, std::string_view bytes) {
    ByteReader in(bytes);
    std::vector<uint8_t> room(sizeof(Player));
    auto drop = [](uint8_t*, const char*, uint64_t) {};
    if (!into.codec.read(in, room.data(), drop)) return false;
    Player& player = into.at(key);
    player.sum = reinterpret_cast<Player*>(room.data())->sum;
    bool is_right = into.codec.read_lists(
        in, reinterpret_cast<uint8_t*>(&player),
        [&](uint8_t* list, uint32_t stride) { return into.table.append_row(list, stride); },
        [&](uint8_t* slot, const char* data, uint64_t size) { into.table.store_string(slot, {data, size}); });
    return is_right && in.is_at_end();
  };
  auto bytes_of_player = [&](int64_t key) {
    ByteWriter out;
    const auto* entry = reinterpret_cast<uint8_t*>(&players.at(key));
    uint64_t rows = 0;
    players.codec.write(out, entry, players.table.heap);
    players.codec.write_lists(out, entry, players.table.heap, [&] { ++rows; });
    EXPECT_EQ(rows, models[key].visits.size() + models[key].scores.size());
    return std::string(out.view());
  };
  Players other;
  Models rest;
  for (int64_t number = 0; number < 100; ++number) other.add(1'000 + number, number, rest);
  for (const auto& [key, model] : models) EXPECT_TRUE(restore(other, key, bytes_of_player(key)));
  rest.insert(models.begin(), models.end());
  EXPECT_TRUE(other.all() == rest);

  std::mt19937 random(5);
  std::string whole = bytes_of_player(13);
  for (int round = 0; round < 5'000; ++round) {
    std::string bytes = whole;
    if (round % 2 == 0) bytes.resize(random() % bytes.size());
    for (uint32_t i = 0; i < 1 + random() % 4 && round % 2 != 0; ++i)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    Players target;
    bool is_right = restore(target, 13, bytes);
    if (round % 2 == 0) EXPECT_FALSE(is_right);
    if (!is_right) continue;
    Models changed = target.all();
    for (int64_t score : changed[13].scores) EXPECT_LT(score & 0xffff'ffff, 3) << "enums are checked";
  }
}

} // namespace
} // namespace flow::runtime
