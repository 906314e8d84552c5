// What is wrong, in words, with what to do.
import { byId, el, moodMark, show } from './dom.js';
import { ago, time } from './format.js';

const MARK = { BAD: 'bad', WARN: 'warn', INFO: 'info' };

export function alarms(list, caughtUp) {
  show(byId('alarms'), [list.map(a => [a.id, a.detail, a.title]), caughtUp, Math.floor(Date.now() / 15_000)], () => {
    if (list.length === 0) {
      return el('div', { class: 'alarm calm' }, moodMark('good'), el('p', {}, caughtUp ? 'All is well: no alarm, nothing to do.' : 'Reading what happened before this page was opened.'));
    }
    return list.map(a => el('article', { class: 'alarm ' + MARK[a.level], 'data-alarm': a.id },
      moodMark(MARK[a.level]), el('h3', {}, a.title),
      a.since === null ? el('span') : el('span', { class: 'since', title: new Date(a.since).toISOString() }, `since ${time(a.since, true)}, ${ago(a.since)}`),
      el('p', {}, a.detail), el('p', { class: 'remedy' }, a.remedy)));
  });
  const worst = list.some(a => a.level === 'BAD') ? '● ' : list.some(a => a.level === 'WARN') ? '▲ ' : '';
  document.title = worst + 'RealAlign Stream';
}
