// What a field is: under the pointer, or at the cursor for those who use none.
import { StateEffect, StateField } from "@codemirror/state";
import { EditorView, hoverTooltip, keymap, showTooltip } from "@codemirror/view";

/** Help as JSON: {from, to, path, type, text}. */
function tooltip(json) {
  const { from, to, path, type, text } = JSON.parse(json);
  return {
    pos: from,
    end: to,
    above: true,
    create() {
      const dom = document.createElement("div");
      dom.className = "help";
      const add = (tag, content, name) => {
        const element = document.createElement(tag);
        element.textContent = content;
        if (name) element.className = name;
        dom.append(element);
      };
      add("code", path);
      dom.append(" ");
      add("span", type, "type");
      if (text) add("p", text);
      return { dom };
    },
  };
}

/** Under the pointer. */
export const helpOnHover = (help) =>
  hoverTooltip((view, pos) => {
    const json = help(view.state.doc.toString(), pos);
    return json ? tooltip(json) : null;
  }, { hideOnChange: true });

/** At the cursor, with F1 or Alt-H; said aloud, and gone with Escape or the next change. */
export function helpAtCursor(help) {
  const show = StateEffect.define();
  const field = StateField.define({
    create: () => null,
    update(shown, transaction) {
      for (const effect of transaction.effects) if (effect.is(show)) return effect.value;
      return transaction.docChanged || transaction.selection ? null : shown;
    },
    provide: (from) => showTooltip.from(from),
  });
  const run = (view) => {
    const json = help(view.state.doc.toString(), view.state.selection.main.head);
    if (!json) return false;
    const { path, type, text } = JSON.parse(json);
    view.dispatch({ effects: [show.of(tooltip(json)), EditorView.announce.of(`${path}, ${type}. ${text}`)] });
    return true;
  };
  const hide = (view) => {
    if (!view.state.field(field)) return false;
    view.dispatch({ effects: show.of(null) });
    return true;
  };
  return [field, keymap.of([{ key: "F1", run }, { key: "Alt-h", run }, { key: "Escape", run: hide }])];
}
