#include <fmt/core.h>
#include <string>

#include "app/options.h"
#include "app/terminal.h"
#include "app/verbs.h"
#include "base/version.h"

namespace inquest::app {
namespace {

/// "--format --symbols ..." of one verb.
std::string options_of(const CLI::App& verb) {
  std::string words;
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& name : option->get_snames()) words += fmt::format("-{} ", name);
    for (const std::string& name : option->get_lnames()) words += fmt::format("--{} ", name);
  }
  if (!words.empty()) words.pop_back();
  return words;
}

std::string bash(const CLI::App& root) {
  std::string verbs, arms;
  for (const CLI::App* verb : root.get_subcommands({})) {
    verbs += verb->get_name() + " ";
    std::string words = options_of(*verb);
    for (const CLI::App* part : verb->get_subcommands({})) {
      words += " " + part->get_name() + " " + options_of(*part);
    }
    arms += fmt::format("    {}) words=\"{}\" ;;\n", verb->get_name(), words);
  }
  return fmt::format(
      "# bash completion of inquest; load with: source <(inquest completion bash)\n"
      "_inquest() {{\n"
      "  local current=\"${{COMP_WORDS[COMP_CWORD]}}\" words\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"{}--help --version\" -- \"$current\")); return\n"
      "  fi\n"
      "  case \"${{COMP_WORDS[1]}}\" in\n{}  esac\n"
      "  case \"$current\" in\n"
      "    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;;\n"
      "    *) COMPREPLY=($(compgen -f -W \"${{words//--[a-z-]*/}}\" -- \"$current\")) ;;\n"
      "  esac\n"
      "}}\n"
      "complete -o filenames -F _inquest inquest\n",
      verbs, arms);
}

std::string quoted(std::string text) {
  for (size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 4) {
    text.replace(at, 1, "'\\''");
  }
  return "'" + text + "'";
}

std::string fish(const CLI::App& root) {
  std::string text = "# fish completion of inquest; load with: inquest completion fish | source\n";
  for (const CLI::App* verb : root.get_subcommands({})) {
    text += fmt::format("complete -c inquest -n __fish_use_subcommand -a {} -d {}\n",
                        verb->get_name(), quoted(verb->get_description()));
    for (const CLI::Option* option : verb->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        text += fmt::format("complete -c inquest -n '__fish_seen_subcommand_from {}' -l {} -d {}\n",
                            verb->get_name(), name, quoted(option->get_description()));
      }
    }
  }
  return text;
}

/// Bash's, through zsh's own adapter.
std::string zsh(const CLI::App& root) {
  return "# zsh completion of inquest; load with: source <(inquest completion zsh)\n"
         "autoload -U +X bashcompinit && bashcompinit\n" +
         bash(root);
}

/// Text for roff: backslashes and hyphens escaped, a leading dot or quote protected.
std::string roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\\\";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
    line_start = c == '\n';
  }
  return out;
}

void man_options(const CLI::App& verb, std::string& text) {
  for (const CLI::Option* option : verb.get_options()) {
    text += fmt::format(".TP\n.B {}\n{}\n", roff(option->get_name(true, true)),
                        roff(option->get_description()));
  }
}

void man_verb(const CLI::App& verb, const std::string& prefix, std::string& text) {
  std::string name = prefix + verb.get_name();
  text += fmt::format(".SS {}\n{}.\n", roff("inquest " + name), roff(verb.get_description()));
  man_options(verb, text);
  for (const CLI::App* part : verb.get_subcommands({})) man_verb(*part, name + " ", text);
  if (!verb.get_footer().empty()) {
    text += fmt::format(".PP\n.nf\n{}\n.fi\n", roff(verb.get_footer()));
  }
}

std::string man(const CLI::App& root) {
  std::string text = fmt::format(
      ".TH INQUEST 1 \"\" \"inquest {}\" \"User Commands\"\n.SH NAME\ninquest \\- {}\n"
      ".SH SYNOPSIS\n.B inquest\n.I VERB\n[OPTIONS] ...\n.SH VERBS\n",
      kVersion, roff("finds out why a native process died, from what it left behind"));
  for (const CLI::App* verb : root.get_subcommands({})) man_verb(*verb, "", text);
  text += fmt::format(".SH EXAMPLES\n.nf\n{}\n.fi\n", roff(root.get_footer()));
  text +=
      ".SH ENVIRONMENT\n"
      ".TP\n.B INQUEST_SYMBOL_PATH\nFolders (separated by ':') and URLs (by blanks) searched for "
      "debug files.\n"
      ".TP\n.B INQUEST_TYPES\nDescriptions of your own containers (separated by ':'), as --types.\n"
      ".TP\n.B DEBUGINFOD_URLS\nServers asked for debug files and executables by build id.\n"
      ".TP\n.B XDG_CACHE_HOME\nWhere compiled symbols (inquest/symbols) and downloads are kept.\n"
      ".TP\n.B NO_COLOR\nNo colour, even on a terminal.\n"
      ".SH EXIT STATUS\n0 done, whatever the verdict; 1 the input is unusable (said in one line); "
      "2 wrong usage. \n.B inquest run\nends as the program ended.\n"
      ".SH SEE ALSO\n.BR core (5),\n.BR gdb (1)\n";
  return text;
}

}  // namespace

void add_completion(CLI::App& root, ExitStatus& status) {
  auto* verb = root.add_subcommand("completion", "Print the shell completion, or the man page");
  auto kind = std::make_shared<std::string>();
  verb->add_option("KIND", *kind, "bash, zsh, fish, or man")
      ->required()
      ->check(one_of_words({"bash", "zsh", "fish", "man"}));
  verb->footer("Example:\n  source <(inquest completion bash)");
  verb->callback([kind, &root, &status] {
    std::string text = *kind == "bash"   ? bash(root)
                       : *kind == "zsh"  ? zsh(root)
                       : *kind == "fish" ? fish(root)
                                         : man(root);
    print_out(text);
    status = kDone;
  });
}

}  // namespace inquest::app
