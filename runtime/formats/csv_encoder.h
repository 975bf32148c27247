// CSV as csv_decoder.h reads it. Options: header, delimiter, null, with the same meaning.
#pragma once

#include <memory>
#include <vector>

#include "runtime/formats/encoder.h"

namespace flow::runtime {

Result<std::unique_ptr<Encoder>> make_csv_encoder(std::vector<Field> fields, const Options& options);

// Writes the text in quotes, and those in it twice: at most twice as many bytes and two. Returns the end.
char* write_csv_quoted(char* to, std::string_view text);

} // namespace flow::runtime
