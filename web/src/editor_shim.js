// Loads the editor bundle when it is first asked for. Where there is none (a test, a build without npm), the page keeps
// its text area.
export function mountEditor(host, text, label, onChange, onFix, onApply, onReady) {
  import(new URL("editor.js", document.baseURI).href)
    .then((bundle) => {
      if (host.isConnected && !host.shadowRoot) onReady(bundle.mount(host, text, label, onChange, onFix, onApply));
    })
    .catch(() => {});
}
