// Says in the user's terms why the parser cannot go on at a token, and what was likely meant.
//
// The mends are tried in order, the most telling first (syntax_errors.cpp lists them); what none of them knows is told
// as "found this, expected that".
#pragma once

#include <string_view>

#include "lang/diagnostics/diagnostics.h"
#include "lang/grammar/token_feed.h"
#include "lang/source/source_file.h"

namespace flow::lang {

class SyntaxErrors {
public:
  SyntaxErrors(const SourceFile& file, TokenFeed& feed, DiagnosticEmitter& emitter)
      : file_(file), feed_(feed), emitter_(emitter) {}

  /// Reports the error and lets the feed recover from it.
  void report(const GeneratedParser::context& where);
  void report_other(SourceRange range, std::string_view text);

private:
  const SourceFile& file_;
  TokenFeed& feed_;
  DiagnosticEmitter& emitter_;
};

} // namespace flow::lang
