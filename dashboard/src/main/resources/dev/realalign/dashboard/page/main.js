// What comes from the server goes to the part of the page that shows it. No part knows another.
import { alarms } from './alarms.js';
import { follow, signIn } from './connection.js';
import { byId, el } from './dom.js';
import { flow } from './flow.js';
import { span, time } from './format.js';
import { lag } from './lag.js';
import { judgedTotal, rejections } from './rejections.js';
import { training, trainingVersions } from './training.js';
import { triples } from './triples.js';
import { versions } from './versions.js';

let lostAt = null;
let state = 'loading';

const parts = {
  status(data) {
    byId('model').textContent = data.model;
    alarms(data.alarms, data.caughtUp);
    judgedTotal(data.judged);
    byId('foot').textContent = `Model line ${data.model}. This dashboard reads since ${time(data.startedAt, true)}; it is in no consumer group and changes nothing.`;
  },
  flow,
  lag,
  rejections,
  triples,
  training,
  versions(data) {
    versions(data);
    trainingVersions(data.versions);
  },
};

function tell(next) {
  const page = document.body;
  if (next === 'lost' && state !== 'lost') lostAt = Date.now();
  state = next;
  page.dataset.connection = next;
  byId('sign-in').hidden = next !== 'locked';
  byId('page').hidden = next === 'locked';
  const words = byId('connection').querySelector('.words');
  words.textContent = next === 'live' ? 'live' : next === 'locked' ? 'locked' : next === 'lost' ? `no answer for ${span((Date.now() - lostAt) / 1000)}, trying again` : 'connecting';
}
setInterval(() => { if (state === 'lost') tell('lost'); }, 1000);

for (const id of ['flow-picture', 'lag-groups', 'training-charts', 'triples-cards', 'rejections-funnel', 'versions-list']) {
  byId(id).append(el('div', { class: 'loading', 'aria-label': 'loading' }));
}
const loaded = new Set();
const connection = follow(Object.keys(parts), (section, data) => {
  if (!loaded.has(section)) {
    loaded.add(section);
    const place = { lag: 'lag-groups', training: 'training-charts', triples: 'triples-cards' }[section];
    if (place) byId(place).replaceChildren();
  }
  parts[section](data);
}, next => { if (next !== state || next === 'locked') tell(next); });

byId('sign-in').querySelector('form').addEventListener('submit', async event => {
  event.preventDefault();
  const right = await signIn(byId('token').value).catch(() => false);
  byId('sign-in-trouble').textContent = right ? '' : 'That is not the token.';
  if (right) {
    byId('token').value = '';
    tell('loading');
    connection.open();
  }
});
