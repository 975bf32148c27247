// Entries as bytes and back, and wrong bytes. Run alone: bin/tests/layout_codec_test
#include "tests/unit/state_layouts.h"

namespace flow::runtime {
namespace {

struct ListRow {
  int64_t value;
  uint8_t text[16];
};
struct ListEntry {
  int64_t key;
  uint32_t count;
  uint32_t kind;
  ListRow rows[3];
  int64_t last;
};
const char* const kind_texts[] = {"a", "b"};
const FlowEnum enums[] = {{"Kind", 2, kind_texts}};
const FlowField row_fields[] = {{"value", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                                {"text", FLOW_STRING, 8, FLOW_NONE, FLOW_NONE}};
const FlowField list_fields[] = {{"key", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                                 {"kind", FLOW_ENUM, 12, FLOW_NONE, 0},
                                 {"last", FLOW_I64, offsetof(ListEntry, last), FLOW_NONE, FLOW_NONE}};
const FlowLayout list_layouts[] = {{"row", 3, sizeof(ListRow), 2, row_fields, no_list, 0, 0, nullptr},
                                   {"list",
                                    4,
                                    sizeof(ListEntry),
                                    3,
                                    list_fields,
                                    {8, offsetof(ListEntry, rows), sizeof(ListRow), 3, 0},
                                    0,
                                    0,
                                    nullptr}};

TEST(LayoutCodec, ListsOfRowsWithTextsComeBack) {
  FlowProgram with_enums = program_of(list_layouts, 2);
  with_enums.enums = enums;
  with_enums.enum_count = 1;
  LayoutCodec codec(with_enums, list_layouts[1], false);
  StateTable table(codec, {8, false});
  std::string text = "a text that is longer than twelve bytes";
  int64_t key = 9;
  auto* entry = reinterpret_cast<ListEntry*>(table.upsert(1, bytes_of(key)));
  entry->count = 2;
  entry->kind = 1;
  entry->last = 77;
  entry->rows[1].value = 5;
  flow_entry_string(&table, entry->rows[1].text, text.data(), text.size());
  ByteWriter out;
  codec.write(out, reinterpret_cast<uint8_t*>(entry), table.heap);
  // The row that is not in use takes no room.
  EXPECT_LT(out.size(), sizeof(ListEntry) + text.size());

  StateTable other(codec, {8, false});
  auto read = [&](std::string_view bytes) {
    std::vector<uint8_t> room(sizeof(ListEntry));
    ByteReader in(bytes);
    std::vector<std::string> texts;
    bool is_right =
        codec.read(in, room.data(), [&](uint8_t*, const char* data, uint64_t size) { texts.emplace_back(data, size); });
    auto* made = reinterpret_cast<ListEntry*>(room.data());
    if (is_right) {
      EXPECT_LE(made->count, 3u);
      EXPECT_LT(made->kind, 2u);
      EXPECT_EQ(texts.size(), made->count);
    }
    return std::tuple(is_right && in.is_at_end(), *made, texts);
  };
  auto [is_right, made, texts] = read(out.view());
  EXPECT_TRUE(is_right);
  EXPECT_EQ(made.rows[1].value, 5);
  EXPECT_EQ(made.last, 77);
  EXPECT_EQ(texts, (std::vector<std::string>{"", text}));

  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(out.view());
    if (round % 2 == 0) bytes.resize(random() % bytes.size());
    for (uint32_t i = 0; i < 1 + random() % 4 && !bytes.empty(); ++i)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    auto answer = read(bytes);
    if (round % 2 == 0) EXPECT_FALSE(std::get<0>(answer));
  }
}

} // namespace
} // namespace flow::runtime
