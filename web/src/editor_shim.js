// Loads the editor bundle when it is first asked for. Where there is none (a test, a build without npm), the page keeps
// its text area.
export function mountEditor(host, name, text, change, fix, apply, offer, help, caret, ready) {
  import(new URL("editor.js", document.baseURI).href)
    .then((bundle) => {
      if (host.isConnected && !host.shadowRoot) ready(bundle.mount(host, name, text, { change, fix, apply, offer, help, caret }));
    })
    .catch(() => {});
}
