// JSON lines as json_decoder.h reads them.
#pragma once

#include <memory>
#include <vector>

#include "runtime/formats/encoder.h"

namespace flow::runtime {

Result<std::unique_ptr<Encoder>> make_json_encoder(std::vector<Field> fields);

// Writes the text as a JSON string, and returns the end. What is between the quotes takes at most so many bytes.
char* write_json_text(char* to, std::string_view text);
size_t json_text_bytes_max(std::string_view text);

} // namespace flow::runtime
