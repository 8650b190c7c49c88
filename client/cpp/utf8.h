// Whether bytes are text.

#ifndef SEMEL_CLIENT_CPP_UTF8_H_
#define SEMEL_CLIENT_CPP_UTF8_H_

#include <string_view>

namespace semel {

// Well-formed UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool IsUtf8(std::string_view bytes);

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_UTF8_H_
