// The editor: CodeMirror with what the page needs of it. It lives in a shadow root, where its styles are constructed
// sheets, so that the page's Content-Security-Policy needs no exception. Knows nothing of Kubernetes: problems come in.
import { EditorState, Compartment } from "@codemirror/state";
import {
  EditorView, keymap, lineNumbers, highlightActiveLine, highlightActiveLineGutter, drawSelection, highlightSpecialChars,
} from "@codemirror/view";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput, indentUnit, HighlightStyle, syntaxHighlighting, foldKeymap } from "@codemirror/language";
import { yaml } from "@codemirror/lang-yaml";
import { lintGutter, setDiagnostics, lintKeymap } from "@codemirror/lint";
import { searchKeymap, highlightSelectionMatches } from "@codemirror/search";
import { tags } from "@lezer/highlight";

const highlight = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--tcp)" },
  { tag: [tags.string, tags.special(tags.string), tags.content], color: "var(--http)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--warn)" },
  { tag: tags.comment, color: "var(--ink-3)" },
  { tag: [tags.meta, tags.separator, tags.punctuation], color: "var(--ink-2)" },
]);

const theme = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "transparent", fontSize: "12.5px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.65", overflow: "auto" },
  ".cm-content": { padding: "10px 0", caretColor: "var(--accent)" },
  ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--ink-3)", border: "none" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "34px", padding: "0 10px 0 6px" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--sunk) 60%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--select) !important" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--fail) 1.2px", textUnderlineOffset: "3px" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warn) 1.2px", textUnderlineOffset: "3px" },
  ".cm-lintRange-info": { backgroundImage: "none", textDecoration: "underline dotted var(--watch) 1.2px", textUnderlineOffset: "3px" },
  ".cm-tooltip": { backgroundColor: "var(--panel)", color: "var(--ink)", border: "1px solid var(--line)", borderRadius: "8px", boxShadow: "var(--shadow)", maxWidth: "520px" },
  ".cm-diagnostic": { font: "12.5px/1.5 var(--sans)", padding: "7px 10px", borderLeftWidth: "3px" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--fail)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
  ".cm-diagnosticAction": { font: "600 12.5px/1.4 var(--sans)", backgroundColor: "transparent", color: "var(--accent)", border: "1px solid var(--line-strong)", borderRadius: "6px", padding: "2px 8px", cursor: "pointer" },
  ".cm-gutter-lint": { width: "12px" },
  ".cm-lint-marker": { width: "8px", height: "8px", padding: "0.35em 0 0 2px" },
  ".cm-lint-marker-error": { content: "none", backgroundColor: "var(--fail)", borderRadius: "50%", padding: "0", marginTop: "0.5em" },
  ".cm-lint-marker-warning": { content: "none", backgroundColor: "var(--warn)", borderRadius: "50%", padding: "0", marginTop: "0.5em" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-soft)", outline: "none" },
  ".cm-panels": { backgroundColor: "var(--panel)", color: "var(--ink)" },
});

/**
 * Mounts an editor over a host element.
 * `onChange(text)` after each edit; `onFix(index, fix)` when a problem's fix is chosen; `onApply()` on Ctrl-Enter.
 */
export function mount(host, text, label, onChange, onFix, onApply) {
  const root = host.attachShadow({ mode: "open" });
  const parent = document.createElement("div");
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(":host{display:block;height:100%} div.root{height:100%}");
  root.adoptedStyleSheets = [sheet];
  parent.className = "root";
  root.append(parent);
  const attributes = new Compartment();
  const labelled = (name) => attributes.of(EditorView.contentAttributes.of({ "aria-label": name, spellcheck: "false", translate: "no", tabindex: "0" }));
  const apply = { key: "Mod-Enter", run: () => { onApply(); return true; } };
  const view = new EditorView({
    root,
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(), lintGutter(), highlightActiveLine(), highlightActiveLineGutter(), highlightSpecialChars(), drawSelection(),
        history(), indentOnInput(), bracketMatching(), highlightSelectionMatches(), indentUnit.of("  "),
        yaml(), syntaxHighlighting(highlight), theme, labelled(label), EditorView.lineWrapping,
        keymap.of([apply, ...defaultKeymap, ...historyKeymap, ...searchKeymap, ...foldKeymap, ...lintKeymap, indentWithTab]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    set(next) {
      const now = view.state.doc.toString();
      if (now !== next) view.dispatch({ changes: { from: 0, to: now.length, insert: next } });
    },
    label(name) {
      view.dispatch({ effects: attributes.reconfigure(EditorView.contentAttributes.of({ "aria-label": name, spellcheck: "false", translate: "no", tabindex: "0" })) });
    },
    /** Problems as JSON: [{line, column, endLine, endColumn, severity, message, fixes: [label]}], all counted from 1. */
    problems(json) {
      const doc = view.state.doc;
      const at = (line, column) => {
        const known = doc.line(Math.max(1, Math.min(line, doc.lines)));
        return Math.min(known.from + Math.max(0, column - 1), known.to);
      };
      const list = JSON.parse(json).map((problem, index) => {
        let from = at(problem.line, problem.column);
        let to = at(problem.endLine, problem.endColumn);
        if (to <= from) to = Math.min(from + 1, doc.length);
        if (to <= from) from = Math.max(0, to - 1);
        const actions = problem.fixes.map((name, fix) => ({ name, apply: () => onFix(index, fix) }));
        return { from, to, severity: problem.severity, message: problem.message, actions };
      });
      view.dispatch(setDiagnostics(view.state, list));
    },
    reveal(line, column) {
      const known = view.state.doc.line(Math.max(1, Math.min(line, view.state.doc.lines)));
      const anchor = Math.min(known.from + Math.max(0, column - 1), known.to);
      view.dispatch({ selection: { anchor }, scrollIntoView: true });
      view.focus();
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
