#include "docs/manual/roff.h"

#include <cctype>
#include <sstream>

namespace semel::manual {
namespace {

std::string Quoted(const std::string& text) { return '"' + Escaped(text) + '"'; }

std::string Upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '\\': escaped += "\\e"; break;
      case '-': escaped += "\\-"; break;
      case '"': escaped += "\\(dq"; break;
      case '\'': escaped += "\\(aq"; break;
      case '`': escaped += "\\(ga"; break;
      case '^': escaped += "\\(ha"; break;
      case '~': escaped += "\\(ti"; break;
      default: escaped += c;
    }
  }
  // At the front of a line a dot is a request.
  return escaped.starts_with('.') ? "\\&" + escaped : escaped;
}

Page::Page(const std::string& name, int section, const std::string& date, const std::string& about) {
  Line(".TH " + Quoted(Upper(name)) + " " + std::to_string(section) + " " + date +
       " \"Semel " SEMEL_VERSION "\" Semel");
  Section("Name");
  Line(Escaped(name) + " \\- " + Escaped(about));
}

void Page::Section(const std::string& heading) { Heading(".SH ", Upper(heading)); }
void Page::Subsection(const std::string& heading) { Heading(".SS ", heading); }

void Page::Heading(const std::string& request, const std::string& heading) {
  Line(request + Quoted(heading));
  end_of_heading_ = text_.size();
}

void Page::BeginParagraph() {
  if (text_.size() != end_of_heading_) Line(".PP");
}

void Page::Paragraph(const std::string& text) {
  BeginParagraph();
  Line(Escaped(text));
}

void Page::Term(const std::string& term, const std::string& rest, const std::string& about) {
  Line(".TP");
  Line("\\fB" + Escaped(term) + "\\fR" + Escaped(rest));
  Line(Escaped(about));
}

void Page::Notes(const std::string& text) {
  std::istringstream lines(text);
  bool in_example = false;
  bool new_paragraph = true;
  for (std::string line; std::getline(lines, line);) {
    const bool example = line.starts_with("  ");
    if (example && !in_example) {
      BeginParagraph();
      Line(".RS 4\n.nf");
    }
    if (!example && in_example) Line(".fi\n.RE");
    if (!example && !line.empty() && (new_paragraph || in_example)) BeginParagraph();
    if (!line.empty()) Line(Escaped(example ? line.substr(2) : line));
    in_example = example;
    new_paragraph = line.empty();
  }
  if (in_example) Line(".fi\n.RE");
}

}  // namespace semel::manual
