/** Numbers, bytes and durations as short texts. */

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const small = new Intl.NumberFormat("en", { maximumSignificantDigits: 2 });

/** A number: 0.25, 3.5, 120, 12.5K; a dash if the value is not a number. */
export function formatNumber(value) {
  if (typeof value !== "number") return "—";
  return (Math.abs(value) < 1 ? small : compact).format(value);
}

/** A number of bytes: 512 B, 14 kB, 61.2 MB. */
export function formatBytes(bytes) {
  if (typeof bytes !== "number") return "—";
  const units = ["B", "kB", "MB", "GB", "TB"];
  const i = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const value = bytes / 1_000 ** i;
  return `${value.toFixed(i === 0 || value >= 100 ? 0 : 1)} ${units[i]}`;
}

/** A duration: 12 s, 3 min, 2 h 5 min, 4 d 2 h. */
export function formatAge(seconds) {
  const [minutes, hours, days] = [60, 3_600, 86_400].map((unit) => Math.floor(seconds / unit));
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min` : `${Math.floor(seconds)} s`;
}
