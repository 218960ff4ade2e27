// The editor: CodeMirror with what the page needs of it. It lives in a shadow root, where its styles are constructed
// sheets, so that the page's Content-Security-Policy needs no exception. Knows nothing of Kubernetes: problems,
// candidates and help come in.
import { EditorState, Compartment, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration, EditorView, keymap, lineNumbers, highlightActiveLine, highlightActiveLineGutter, drawSelection, highlightSpecialChars,
} from "@codemirror/view";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput, indentUnit, HighlightStyle, syntaxHighlighting, foldKeymap } from "@codemirror/language";
import { acceptCompletion, autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { yaml } from "@codemirror/lang-yaml";
import { lintGutter, setDiagnostics, lintKeymap } from "@codemirror/lint";
import { searchKeymap, highlightSelectionMatches } from "@codemirror/search";
import { tags } from "@lezer/highlight";
import { completionSource } from "./complete.js";
import { helpAtCursor, helpOnHover } from "./help.js";
import { inlineMessages, showMessages } from "./inline.js";
import { theme } from "./theme.js";

const highlight = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--tcp)" },
  { tag: [tags.string, tags.special(tags.string), tags.content], color: "var(--http)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--warn)" },
  { tag: tags.comment, color: "var(--ink-3)" },
  { tag: [tags.meta, tags.separator, tags.punctuation], color: "var(--ink-2)" },
]);

// The line of a program that makes the request which is followed.
const light = StateEffect.define();
const lit = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(light)) return effect.value === null ? Decoration.none : Decoration.set([Decoration.line({ class: "cm-lit" }).range(effect.value)]);
    }
    return marks.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

// The document that made what is chosen elsewhere.
const mark = StateEffect.define();
const marked = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(mark)) continue;
      const lines = effect.value.map((from) => Decoration.line({ class: "cm-marked" }).range(from));
      return Decoration.set(lines);
    }
    return marks.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** How long typing rests before messages come between the lines, in milliseconds. */
const REST = 700;

/** Whether a file is written in YAML. */
const isYaml = (name) => /\.(ya?ml|json)$/.test(name);

/**
 * Mounts an editor over a host element.
 * `change(name, text)` after each edit of the file; `fix(index, fix)` when a problem's fix is chosen; `apply()` on
 * Ctrl-Enter; `offer(text, offset, explicit)` and `help(text, offset)` give JSON, or "" for nothing. `caret(line)` with
 * the cursor's line from 1 when it has come to another one, and with 0 when the keyboard has gone elsewhere.
 */
export function mount(host, name, text, on) {
  const root = host.attachShadow({ mode: "open" });
  const parent = document.createElement("div");
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(":host{display:block;height:100%} div.root{height:100%}");
  root.adoptedStyleSheets = [sheet];
  parent.className = "root";
  root.append(parent);
  const labels = new Compartment();
  let labelled = [];
  const apply = { key: "Mod-Enter", run: () => { on.apply(); return true; } };
  let words = {};
  let edited = 0;
  let resting = 0;
  let told = 0;
  const tellCaret = (view) => {
    const { doc, selection } = view.state;
    const line = view.hasFocus ? doc.lineAt(selection.main.head).number : 0;
    if (line !== told) queueMicrotask(() => on.caret(line));
    told = line;
  };
  const stateOf = (file, doc) => EditorState.create({
    doc,
    extensions: [
      lineNumbers(), lintGutter(), highlightActiveLine(), highlightActiveLineGutter(), highlightSpecialChars(), drawSelection(),
      history(), indentOnInput(), bracketMatching(), highlightSelectionMatches(), indentUnit.of("  "),
      isYaml(file) ? [yaml(), autocompletion({ override: [completionSource(on.offer)] }), helpOnHover(on.help), helpAtCursor(on.help)] : [],
      syntaxHighlighting(highlight), theme, lit, marked, inlineMessages, labels.of(labelled), EditorView.lineWrapping,
      keymap.of([
        apply, { key: "Tab", run: acceptCompletion }, ...completionKeymap, ...defaultKeymap, ...historyKeymap, ...searchKeymap, ...foldKeymap,
        ...lintKeymap, indentWithTab,
      ]),
      // Dropped files are opened beside this one by the page, not pasted into it.
      EditorView.domEventHandlers({ drop: (event) => event.dataTransfer?.types.includes("Files") ?? false }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) {
          edited = Date.now();
          on.change(file, update.state.doc.toString());
        }
        if (update.docChanged || update.selectionSet || update.focusChanged) tellCaret(update.view);
      }),
    ],
  });
  // A file that was shown before keeps its history.
  const states = new Map();
  let shown = name;
  const view = new EditorView({ root, parent, state: stateOf(name, text) });
  return {
    /** Shows a file; its text is replaced unless it is the same. */
    set(file, next) {
      if (file !== shown) {
        states.set(shown, view.state);
        shown = file;
        view.setState(states.get(file) ?? stateOf(file, next));
        view.dispatch({ effects: labels.reconfigure(labelled) });
      }
      const now = view.state.doc.toString();
      if (now !== next) view.dispatch({ changes: { from: 0, to: now.length, insert: next } });
    },
    /** Names it for those who listen, and what it says itself. */
    label(name, completions, show, hide) {
      words = { show, hide };
      labelled = [
        EditorView.contentAttributes.of({ "aria-label": name, spellcheck: "false", translate: "no", tabindex: "0" }),
        EditorState.phrases.of({ Completions: completions }),
      ];
      view.dispatch({ effects: labels.reconfigure(labelled) });
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
        const actions = problem.fixes.map((name, fix) => ({ name, apply: () => on.fix(index, fix) }));
        return { from, to, severity: problem.severity, message: problem.message, actions };
      });
      view.dispatch(setDiagnostics(view.state, list));
      // Lines do not move under the hands of someone who types: what is new waits, what is gone goes at once.
      clearTimeout(resting);
      const messages = list.map(({ from, severity, message, actions }, index) => ({
        key: message, index, at: from, severity, message, fixes: actions.map(({ name, apply }) => ({ name, run: apply })),
      }));
      const of = shown;
      const put = () => shown === of && view.dispatch({ effects: showMessages(messages, words) });
      const wait = edited + REST - Date.now();
      if (messages.length === 0 || wait <= 0) put();
      else resting = setTimeout(put, wait);
    },
    /** Lights a line, counted from 1, or none with 0. */
    light(line) {
      const known = line > 0 && line <= view.state.doc.lines ? view.state.doc.line(line).from : null;
      const effects = [light.of(known)];
      if (known !== null) effects.push(EditorView.scrollIntoView(known, { y: "nearest" }));
      view.dispatch({ effects });
    },
    /** Marks lines, counted from 1, the first and the last, or none with 0; scrolls there and leaves the keyboard where it is. */
    mark(first, last, scroll) {
      const doc = view.state.doc;
      const lines = first > 0 ? Array.from({ length: Math.min(last, doc.lines) - first + 1 }, (_, n) => doc.line(first + n).from) : [];
      const effects = [mark.of(lines)];
      if (scroll && lines.length > 0) effects.push(EditorView.scrollIntoView(lines[0], { y: "start", yMargin: 6 }));
      view.dispatch({ effects });
    },
    reveal(line, column) {
      const known = view.state.doc.line(Math.max(1, Math.min(line, view.state.doc.lines)));
      const anchor = Math.min(known.from + Math.max(0, column - 1), known.to);
      view.dispatch({ selection: { anchor }, scrollIntoView: true });
      view.focus();
    },
    focus: () => view.focus(),
    destroy: () => { clearTimeout(resting); view.destroy(); },
  };
}
