// Candidates in a list at the cursor. What they are is decided elsewhere.
import { insertCompletionText, pickedCompletion, startCompletion } from "@codemirror/autocomplete";

/** What a word here is made of. */
const WORD = /^[\w./-]*/;

/** A source over `offer(text, offset, explicit)`: JSON {from, options: [{label, detail, info, insert, type}]}, or "". */
export function completionSource(offer) {
  return (context) => {
    const json = offer(context.state.doc.toString(), context.pos, context.explicit);
    if (!json) return null;
    const { from, options } = JSON.parse(json);
    const typed = context.state.sliceDoc(from, context.pos).toLowerCase();
    // They are chosen and ordered already, and asked for anew with each letter.
    return {
      from,
      filter: false,
      getMatch: ({ label }) => {
        const at = label.toLowerCase().indexOf(typed);
        return at < 0 || !typed ? [] : [at, at + typed.length];
      },
      options: options.map(({ label, detail, info, insert, type }) => ({ label, detail, type, info: info || undefined, apply: put(insert, label) })),
    };
  };
}

/** Puts a candidate in, in place of the whole word, and goes on offering where a value or a key is to follow. */
function put(insert, label) {
  return (view, completion, from, to) => {
    const line = view.state.doc.lineAt(to);
    const after = line.text.slice(to - line.from);
    const end = to + WORD.exec(after)[0].length;
    const hasColon = view.state.sliceDoc(end, end + 1) === ":";
    const text = hasColon ? label : insert;
    view.dispatch({ ...insertCompletionText(view.state, text, from, end), annotations: pickedCompletion.of(completion) });
    if (/\s$/.test(text)) startCompletion(view);
  };
}
