// Numbers and times as people read them.

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export function count(n) {
  if (n === null || n === undefined) return '–';
  return Math.abs(n) >= 1e6 ? (n / 1e6).toPrecision(3) + ' M' : whole.format(n);
}

export function number(n, digits = 3) {
  if (n === null || n === undefined || !Number.isFinite(n)) return '–';
  if (n === 0) return '0';
  const size = Math.abs(n);
  if (size >= 1000) return whole.format(n);
  if (size < 0.001) return n.toExponential(Math.max(0, digits - 2)).replace('e-', 'e−').replace(/^-/, '−');
  return String(Number(n.toPrecision(digits))).replace(/^-/, '−');
}

export const percent = n => n === null || n === undefined ? '–' : number(100 * n, 3) + ' %';

/** A rate in the unit that gives a number of sensible size. */
export function rate(perSecond) {
  if (perSecond === null || perSecond === undefined) return '–';
  if (perSecond === 0) return '0 /s';
  if (perSecond >= 1) return number(perSecond, 3) + ' /s';
  if (perSecond * 60 >= 1) return number(perSecond * 60, 2) + ' /min';
  return number(perSecond * 3600, 2) + ' /h';
}

export function span(seconds) {
  if (seconds === null || seconds === undefined) return '–';
  if (seconds < 10) return number(seconds, 2) + ' s';
  if (seconds < 300) return Math.round(seconds) + ' s';
  if (seconds < 7200) return Math.round(seconds / 60) + ' min';
  if (seconds < 172800) return Math.round(seconds / 3600) + ' h';
  return Math.round(seconds / 86400) + ' days';
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const clockSeconds = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });

export function time(ms, seconds = false) {
  if (ms === null || ms === undefined) return '–';
  const far = Math.abs(Date.now() - ms) > 20 * 3600e3;
  return (far ? day : seconds ? clockSeconds : clock).format(new Date(ms));
}

export function ago(ms) {
  if (ms === null || ms === undefined) return '–';
  const seconds = (Date.now() - ms) / 1000;
  return seconds < 2 ? 'just now' : span(Math.round(seconds)) + ' ago';
}

const SPELLED = { sdedit: 'SDEdit', jpeg: 'JPEG', pickscore: 'PickScore' };

/** PATCH_DISPLACEMENT as people would write it: Patch displacement. */
export function words(name) {
  const lower = name.toLowerCase().replaceAll('_', ' ').replace(/[a-z]+/g, word => Object.hasOwn(SPELLED, word) ? SPELLED[word] : word);
  return lower.charAt(0).toUpperCase() + lower.slice(1);
}

export const short = digest => digest.slice(0, 12);
