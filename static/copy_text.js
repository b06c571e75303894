/** Copies a text to the clipboard. Returns whether the browser did it. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // The page came over plain HTTP, or may not use the clipboard by itself.
    return copySelection(text);
  }
}

/** Copies as a person would: selects the text and copies the selection. */
function copySelection(text) {
  const focused = document.activeElement;
  const area = document.createElement("textarea");
  area.className = "visually-hidden";
  area.value = text;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return isCopied;
}
