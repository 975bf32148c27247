// Text: every line is a record of one field, without its line end (\n or \r\n).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/formats/decoder.h"

namespace flow::runtime {

Result<std::unique_ptr<Decoder>> make_text_decoder(std::vector<Field> fields, std::string origin);

} // namespace flow::runtime
