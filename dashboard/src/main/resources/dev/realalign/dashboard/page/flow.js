// The flow as a picture: processes as boxes, what travels as arrows, side by side or, where there is little room, one below
// the other. Built once for each shape of the page; afterwards only words and classes change, so that nothing jumps.
import { byId, moodMark, svg } from './dom.js';
import { count, rate, span } from './format.js';

const BOX = { width: 168, height: 72 };
const ORDER = ['feed', 'curator', 'trainer', 'publisher', 'subscribers'];
let built = null;
let last = null;

export function flow(data) {
  last = data;
  draw();
}

function draw() {
  if (!last) return;
  const place = byId('flow-picture');
  const width = Math.floor(place.clientWidth - 28);
  const wide = width >= 980;
  if (!built || built.width !== width || built.wide !== wide) {
    built = build(place, width, wide, last);
  }
  for (const node of last.nodes) update(built.nodes[node.id], node);
  for (const edge of last.edges) updateEdge(built.edges[edge.from + edge.to], edge, wide);
  byId('flow-sum').textContent = sum(last);
}

function sum(data) {
  const edge = Object.fromEntries(data.edges.map(e => [e.what, e]));
  const parts = [];
  if (edge.images.total !== null) parts.push(count(edge.images.total) + ' pictures fed');
  if (edge.triples.total !== null) parts.push(count(edge.triples.total) + ' triples made');
  parts.push(count(edge.versions.total) + (edge.versions.total === 1 ? ' version published' : ' versions published'));
  return parts.join(' · ');
}

function build(place, width, wide, data) {
  const at = {};
  const nodes = {};
  const edges = {};
  let height;
  if (wide) {
    const gap = (width - ORDER.length * BOX.width) / (ORDER.length - 1);
    ORDER.forEach((id, i) => { at[id] = { x: i * (BOX.width + gap), y: 10, w: BOX.width, h: BOX.height }; });
    at.rejected = { x: at.curator.x - 108, y: 182, w: BOX.width, h: 54 };
    at.generator = { x: at.curator.x + 92, y: 182, w: BOX.width, h: 54 };
    height = 242;
  } else {
    let y = 4;
    for (const id of ORDER) {
      at[id] = { x: 2, y, w: width - 4, h: 62 };
      y += 62 + 50;
      if (id === 'curator') {
        // rejections pass the generator on its right
        const x = Math.max(108, Math.round(width * 0.34));
        at.generator = { x, y: y + 24, w: width - 24 - x, h: 56 };
        at.rejected = { x, y: y + 130, w: width - 2 - x, h: 56 };
        y += 186 + 20;
      }
    }
    height = y - 46;
  }
  const root = svg('svg', { viewBox: `0 0 ${width} ${height}`, height, role: 'img', 'aria-label': 'How pictures flow from the feed to the subscribers' });
  root.append(svg('defs', {}, svg('marker', { id: 'tip', viewBox: '0 0 8 8', refX: 6, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto-start-reverse', markerUnits: 'userSpaceOnUse' },
    svg('path', { d: 'M0 0L8 4L0 8z', fill: 'context-stroke' }))));
  for (const edge of data.edges) edges[edge.from + edge.to] = makeEdge(root, edge, at[edge.from], at[edge.to], wide, width);
  for (const node of data.nodes) nodes[node.id] = makeNode(root, node, at[node.id]);
  place.replaceChildren(root);
  return { width, wide, nodes, edges };
}

function makeNode(root, node, box) {
  const group = svg('g', { class: 'node', 'data-node': node.id, transform: `translate(${box.x} ${box.y})` });
  const title = svg('title');
  const doing = svg('text', { class: 'doing', x: 14, y: box.h / 2 + 17 });
  const mark = svg('g', { transform: `translate(${box.w - 30} ${box.h / 2 - 21})` });
  group.append(title, svg('rect', { class: 'box', width: box.w, height: box.h, rx: 12 }), svg('text', { x: 14, y: box.h / 2 - 4 }, node.name), doing, mark);
  root.append(group);
  return { group, title, doing, mark, room: Math.floor((box.w - 24) / 6.3), mood: '' };
}

function update(parts, node) {
  const mood = node.mood.toLowerCase();
  parts.group.setAttribute('class', 'node ' + mood);
  parts.doing.textContent = node.doing.length > parts.room ? node.doing.slice(0, parts.room - 1) + '…' : node.doing;
  parts.title.textContent = [node.name + ': ' + node.doing, ...node.members].join('\n');
  if (parts.mood !== mood) {
    parts.mood = mood;
    parts.mark.replaceChildren(moodMark(mood, { width: 17, height: 17, class: 'mood-' + mood }));
  }
}

function makeEdge(root, edge, from, to, wide, width) {
  const group = svg('g', { class: 'edge' });
  const aside = edge.to === 'rejected';
  const back = edge.from === 'generator';
  let d;
  let label;
  if (edge.to === 'generator' || back) {
    const upper = back ? to : from;
    const lower = back ? from : to;
    const x = wide ? upper.x + (back ? 151 : 118) : lower.x + (back ? 103 : 10);
    const above = upper.y + upper.h + 4;
    d = back ? `M${x} ${lower.y - 4}V${above + 1}` : `M${x} ${above}V${lower.y - 5}`;
    const y = above + (wide ? 34 : 15);
    label = { x: wide && !back ? x - 10 : x + (wide ? 10 : 8), anchor: wide && !back ? 'end' : 'start', rate: y, what: y + 16, ...(back ? {} : { lag: y + 32, lag2: y + 47 }) };
  } else if (wide && !aside) {
    const y = from.y + from.h / 2;
    d = `M${from.x + from.w + 4} ${y}H${to.x - 5}`;
    const middle = (from.x + from.w + to.x) / 2;
    label = { x: middle, anchor: 'middle', rate: y - 12, what: y + 19, lag: y + 35, lag2: y + 50 };
  } else if (wide) {
    const x = from.x + 20;
    d = `M${x} ${from.y + from.h + 4}V${to.y - 5}`;
    label = { x: x - 10, anchor: 'end', rate: from.y + from.h + 38, what: from.y + from.h + 54 };
  } else if (aside) {
    const x = to.x + to.w - 8;
    d = `M${x} ${from.y + from.h + 3}V${to.y - 5}`;
    label = { x: x - 10, anchor: 'end', rate: to.y - 31, what: to.y - 15 };
  } else {
    const x = 26;
    d = `M${x} ${from.y + from.h + 3}V${to.y - 5}`;
    const y = from.y + from.h + 25;
    label = edge.from === 'curator'
      ? { x: x + 14, anchor: 'start', rate: y - 6, what: y + 10, lag: y + 26, lag2: y + 41 }
      : { x: x + 14, anchor: 'start', rate: y - 2, what: y + 14, lag: y - 2, lag2: y + 14, lagX: Math.min(width - 120, 190) };
  }
  const texts = {
    rate: svg('text', { x: label.x, y: label.rate, 'text-anchor': label.anchor }),
    what: svg('text', { class: 'what', x: label.x, y: label.what, 'text-anchor': label.anchor }, edge.what),
  };
  if (label.lag) {
    texts.lag = svg('text', { class: 'lag', x: label.lagX || label.x, y: label.lag, 'text-anchor': label.anchor });
    texts.lag2 = svg('text', { class: 'lag', x: label.lagX || label.x, y: label.lag2, 'text-anchor': label.anchor });
  }
  group.append(svg('path', { d, 'marker-end': 'url(#tip)' }), svg('path', { class: 'stream', d }), ...Object.values(texts));
  root.append(group);
  return { group, texts };
}

function updateEdge(parts, edge) {
  const mood = edge.mood.toLowerCase();
  parts.group.setAttribute('class', `edge ${mood} ${edge.perSecond > 0 ? 'moving' : ''}`);
  parts.texts.rate.textContent = mood === 'unused' ? '' : rate(edge.perSecond);
  if (parts.texts.lag) {
    const versions = edge.what === 'versions';
    parts.texts.lag.textContent = edge.waiting === null ? '' : edge.waiting === 0 ? (versions ? 'up to date' : 'none waits') : count(edge.waiting) + (versions ? ' behind' : ' wait');
    parts.texts.lag2.textContent = edge.waiting > 0 && edge.seconds !== null ? 'for ' + span(edge.seconds) : '';
  }
}

addEventListener('resize', draw);
