// Text as roff: what man and mandoc typeset.

#ifndef SEMEL_DOCS_MANUAL_ROFF_H_
#define SEMEL_DOCS_MANUAL_ROFF_H_

#include <string>

namespace semel::manual {

// Nothing of it means anything to roff.
std::string Escaped(const std::string& text);

class Page {
 public:
  // `name` and `section` as in semeld(8); `date` as 2024-05-01.
  Page(const std::string& name, int section, const std::string& date, const std::string& about);

  void Section(const std::string& heading);
  void Subsection(const std::string& heading);
  void Paragraph(const std::string& text);
  // `term` is shown in bold, `rest` behind it as it is, `about` below it.
  void Term(const std::string& term, const std::string& rest, const std::string& about);
  // Paragraphs; what is indented stays line for line as it is.
  void Notes(const std::string& text);

  const std::string& text() const { return text_; }

 private:
  void Line(const std::string& text) { text_ += text + "\n"; }
  void Heading(const std::string& request, const std::string& heading);
  void BeginParagraph();

  std::string text_;
  size_t end_of_heading_ = 0;  // what follows a heading begins a paragraph anyway
};

}  // namespace semel::manual

#endif  // SEMEL_DOCS_MANUAL_ROFF_H_
