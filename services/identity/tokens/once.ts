/** What counts once: a passcode, a nonce. Remembered by this process, until it would not count any more by itself. */
export function onceOnly(livesMs: number): (key: string) => boolean {
  const used = new Map<string, number>();
  return (key) => {
    const now = Date.now();
    // the oldest come first: all live equally long
    for (const [old, until] of used) {
      if (until >= now) break;
      used.delete(old);
    }
    if (used.has(key)) return true;
    used.set(key, now + livesMs);
    return false;
  };
}
