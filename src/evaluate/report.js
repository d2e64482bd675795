'use strict';
// Sentences are drawn from the JSON in the page, a batch at a time as they scroll into view.
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const list = document.getElementById('sentences');
  const count = document.getElementById('count');
  const more = document.getElementById('more');
  const controls = ['kind', 'type', 'find'].map((id) => document.getElementById(id));
  const colour = (type) => `var(--t${data.types.indexOf(type) % 8})`;
  const names = (bits) => data.members.filter((_, i) => bits & (1 << i)).join(', ') || 'nobody';
  const KINDS = {
    correct: 'correct', missed: 'missed', spurious: 'spurious', type: 'wrong type',
    boundary: 'wrong boundary', both: 'boundary and type',
  };
  const VERDICTS = ['not asked', 'yes', 'no', 'unreadable'];
  const BATCH = 40;

  const element = (name, attributes, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  // Shorter mentions lie next to the text, longer ones outside: level 0 is the nearest.
  const levels = (mentions) => {
    const sorted = [...mentions].sort((a, b) => (a.e - a.s) - (b.e - b.s) || a.s - b.s);
    let most = 0;
    sorted.forEach((mention, i) => {
      const taken = new Set(sorted.slice(0, i).filter((o) => o.s < mention.e && mention.s < o.e).map((o) => o.level));
      mention.level = 0;
      while (taken.has(mention.level)) mention.level++;
      most = Math.max(most, mention.level + 1);
    });
    return most;
  };

  const mark = (mention, side, from, to) => {
    const begin = mention.s === from;
    const ends = `${begin ? ' begin' : ''}${mention.e === to ? ' last' : ''}`;
    return element('span', {
      class: `mark ${side}${mention.wrong ? ' wrong' : ''}${ends}`,
      style: `--c:${colour(mention.t)}`,
    }, begin ? mention.t : '');
  };

  const drawText = (sentence) => {
    const gold = sentence.g.map(([s, e, t]) => ({ s, e, t }));
    const pred = sentence.p.map(([s, e, t, , kind]) => ({ s, e, t, wrong: kind !== 'correct' }));
    const above = levels(gold), below = levels(pred), LINE = 15;
    const borders = [...new Set([...gold, ...pred].flatMap((m) => [m.s, m.e]))].sort((a, b) => a - b);
    const text = element('p', { class: 'text', 'aria-hidden': 'true' });
    let at = 0;
    borders.forEach((from, i) => {
      if (from > at) text.append(sentence.t.slice(at, from));
      const to = borders[i + 1] ?? from;
      const here = (m) => m.s <= from && to <= m.e && to > from;
      const g = gold.filter(here), p = pred.filter(here);
      if (g.length + p.length) {
        const part = sentence.t.slice(from, to);
        const label = Math.max(0, ...[...g, ...p].filter((m) => m.s === from).map((m) => m.t.length));
        // A label may be wider than its own piece, but not than what follows inside the mention.
        const room = Math.max(...[...g, ...p].map((m) => m.e - m.s));
        const width = label * 6 + 6 > room * 7 ? label * 6 + 6 : 0;
        const seg = element('span', {
          class: 'seg',
          style: `padding:${above * LINE}px 0 ${below * LINE}px;${width ? `min-width:${width}px` : ''}`,
        }, part);
        for (const m of g) {
          const bar = mark(m, 'gold', from, to);
          bar.style.top = `${(above - 1 - m.level) * LINE}px`;
          seg.append(bar);
        }
        for (const m of p) {
          const bar = mark(m, 'pred', from, to);
          bar.style.bottom = `${(below - 1 - m.level) * LINE}px`;
          seg.append(bar);
        }
        text.append(seg);
        at = to;
      } else {
        at = from;
      }
    });
    text.append(sentence.t.slice(at));
    return text;
  };

  const say = (sentence, [s, e, type]) => `“${sentence.t.slice(s, e)}” ${type}`;

  const evidence = (mention) => {
    const [, , , , , by, votes, verdict] = mention;
    if (by === undefined) return '';
    const parts = [`proposed by ${names(by)}`];
    if (votes.length) parts.push('votes: ' + votes.map(([type, bits]) => `${type} (${names(bits)})`).join(', '));
    parts.push(`verified: ${VERDICTS[verdict]}`);
    return ' — ' + parts.join('; ');
  };

  // Gold mentions with what became of them, then predictions that no gold mention accounts for.
  const drawMentions = (sentence) => {
    const items = element('ul', { class: 'mentions' });
    const add = (kind, what) => items.append(element('li', {},
      element('span', { class: `kind ${kind}` }, KINDS[kind]), what));
    for (const gold of sentence.g) {
      const partner = gold[3] >= 0 ? sentence.p[gold[3]] : null;
      if (!partner) add('missed', say(sentence, gold));
      else if (partner[4] === 'correct') add('correct', say(sentence, gold) + evidence(partner));
      else add(partner[4], `${say(sentence, gold)}, predicted as ${say(sentence, partner)}${evidence(partner)}`);
    }
    for (const pred of sentence.p) {
      if (pred[4] === 'spurious') add('spurious', say(sentence, pred) + evidence(pred));
    }
    if (!items.children.length) items.append(element('li', {}, 'no mentions, none predicted'));
    return items;
  };

  const drawTrace = (trace) => {
    const box = element('div');
    const shown = trace.retrieve.demonstrations;
    box.append(element('p', {}, shown.length ? 'Demonstrations, nearest first:' : 'No demonstrations.'));
    const demonstrations = element('ol');
    for (const d of shown) {
      demonstrations.append(element('li', {}, `${d.text} `, element('span', { class: 'note' },
        `[${d.spans.map((s) => `${s.text}: ${s.type}`).join('; ')}] similarity ${d.score.toFixed(3)}`)));
    }
    if (shown.length) box.append(demonstrations);
    for (const [stage, { calls }] of Object.entries(trace)) {
      for (const call of calls || []) {
        const title = `${stage}, ${call.member}${call.abstained ? ` (abstained: ${call.cause})` : ''}`;
        box.append(element('details', {}, element('summary', {}, title),
          element('pre', { 'aria-label': 'prompt' }, call.prompt || ''),
          element('pre', { 'aria-label': 'reply' }, call.reply ?? `${call.failure}: ${call.detail}`)));
      }
    }
    return box;
  };

  const drawSentence = (sentence) => {
    const kinds = [...sentence.k].map((k) => KINDS[k]).join(', ');
    const item = element('li', {},
      element('div', { class: 'head' }, element('span', {}, sentence.id), element('span', {}, kinds)),
      element('p', { class: 'hidden' }, sentence.t), drawText(sentence), drawMentions(sentence));
    if (sentence.x && sentence.x.length) {
      const box = element('details', {}, element('summary', {}, 'Demonstrations, prompts and replies'));
      box.addEventListener('toggle', () => {
        if (box.open && box.children.length === 1) box.append(...sentence.x.map(drawTrace));
      });
      item.append(box);
    }
    return item;
  };

  let chosen = [], drawn = 0;
  const drawMore = () => {
    const part = document.createDocumentFragment();
    for (const end = Math.min(drawn + BATCH, chosen.length); drawn < end; drawn++) {
      part.append(drawSentence(chosen[drawn]));
    }
    list.append(part);
    more.hidden = drawn >= chosen.length;
  };
  const fits = (sentence) => {
    const [kind, type, find] = controls.map((c) => c.value);
    const errors = [...sentence.k].filter((k) => k !== 'correct');
    if (kind === 'errors' ? !errors.length : kind === 'perfect' ? errors.length : kind && !sentence.k.includes(kind)) return false;
    if (type && ![...sentence.g, ...sentence.p].some((m) => m[2] === type)) return false;
    return !find || sentence.t.toLowerCase().includes(find.toLowerCase()) || sentence.id === find;
  };
  const update = () => {
    chosen = data.sentences.filter(fits);
    drawn = 0;
    list.replaceChildren();
    count.textContent = `${chosen.length} of ${data.sentences.length} texts`;
    drawMore();
  };
  let waiting;
  controls.forEach((c) => c.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(update, 120);
  }));
  document.querySelector('form.filter').addEventListener('submit', (event) => event.preventDefault());
  more.addEventListener('click', drawMore);
  new IntersectionObserver((seen) => seen.some((s) => s.isIntersecting) && drawMore(),
    { rootMargin: '600px' }).observe(more);
  update();
})();
