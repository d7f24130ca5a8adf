// The schema tables of the `telegram` package, what a surface leads to in them, and random values of it.

import bigInt from 'big-integer';
import objects from 'telegram/tl/AllTLObjects.js';
import helpers from 'telegram/tl/generationHelpers.js';
import apiText from 'telegram/tl/apiTl.js';

export const { tlobjects: classes, LAYER: layer } = objects;

const depthMax = 6;
const never = 1000;
const scalars = new Set(['int', 'long', 'int128', 'int256', 'double', 'string', 'Bool', 'true', 'bytes', 'X']);

/** Fields in order; `tl` is the name in the text, where the classes' own is in camel case. */
function fields(made) {
  const names = [...lineOf(made.constructorId).matchAll(/ (\w+):/g)].map(([, name]) => name);
  return Object.entries(made.argsConfig).map(([name, config], at) => ({ name, tl: names[at], ...config }));
}

/** All combinators of the package's own text; `tl` is the name there, `args` the fields in order. */
export const combinators = [...helpers.parseTl(apiText, layer)].map((made) => ({
  id: made.constructorId,
  tl: nameOf(made.constructorId),
  isFunction: made.isFunction,
  result: made.result,
  args: fields(made),
}));

/** The package's text with ids of eight digits. */
export function normalText() {
  return apiText.split('\n')
    .map((line) => line.trim().replace(/#([0-9a-f]{1,8})(?= )/, (_, id) => `#${id.padStart(8, '0')}`))
    .join('\n');
}

const byName = new Map(combinators.map((one) => [one.tl, one]));
const byType = new Map();
for (const one of combinators) {
  if (!one.isFunction) byType.set(one.result, [...(byType.get(one.result) ?? []), one]);
}

/** The tables keep names of classes alone; the name on the wire stands in the text. */
function nameOf(id) {
  return lineOf(id).split('#')[0];
}

function lineOf(id) {
  const hex = `#${id.toString(16)} `;
  const padded = `#${id.toString(16).padStart(8, '0')} `;
  return apiText.split('\n').find((text) => text.includes(hex) || text.includes(padded));
}

/** `phone.requestCall` is the class phone.RequestCall. */
export function className(tl) {
  const [name, space] = tl.split('.').reverse();
  return (space ? `${space}.` : '') + helpers.snakeToCamelCase(name);
}

const boxed = (arg) => !arg.flagIndicator && !scalars.has(arg.type);

/** Methods and types (roots) of a surface, and every constructor that they lead to. */
export function closure(names) {
  const found = new Set();
  const followed = new Set();
  const open = [];
  const take = (one) => {
    found.add(one);
    open.push(...one.args.filter(boxed).map((arg) => arg.type));
  };
  for (const name of names) {
    const method = byName.get(name);
    if (method?.isFunction) {
      take(method);
      open.push(method.result.replace(/^Vector<(.*)>$/, '$1'));
    } else {
      open.push(name);
    }
  }
  while (open.length > 0) {
    const type = open.pop();
    if (followed.has(type)) continue;
    followed.add(type);
    for (const one of byType.get(type) ?? []) take(one);
  }
  return [...found];
}

const needs = new Map();
const needOf = (one) => one.args
  .filter((arg) => boxed(arg) && !arg.isFlag && !arg.isVector)
  .reduce((need, arg) => Math.max(need, (needs.get(arg.type) ?? never) + 1), 1);
for (let more = true; more;) {
  more = false;
  for (const [type, list] of byType) {
    const need = Math.min(...list.map(needOf));
    if (need < (needs.get(type) ?? never)) {
      needs.set(type, need);
      more = true;
    }
  }
}

function empty(type) {
  const made = { int: 0, long: bigInt.zero, double: 0, string: '', bytes: Buffer.alloc(0), Bool: false, true: false };
  if (!(type in made)) throw new Error(`no empty ${type}`);
  return made[type];
}

/** Values by a seed, so that a failure can be had again. Fields for which `lost(combinator, class's name of
 * the field)` holds stay absent, or empty where they can't be. */
export class Maker {
  constructor(seed, lost = () => false) {
    this.state = seed;
    this.lost = lost;
  }

  below(bound) {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * bound);
  }

  /** fill: 'all', 'none' or 'random' optional fields. */
  make(one, fill = 'random', depth = depthMax) {
    if (depth === depthMax) this.left = 30;
    this.left -= 1;
    const set = new Set();
    const allowed = (arg) => !boxed(arg) || (this.left > 0 && needs.get(arg.type) < depth);
    const flagged = one.args.filter((arg) => arg.isFlag);
    for (const arg of flagged) {
      const wanted = fill === 'all' || (fill === 'random' && this.below(2) === 0);
      if (wanted) set.add(`${arg.flagName}.${arg.flagIndex}`);
    }
    // A bit may be shared with a field that this depth does not allow.
    for (const arg of flagged) {
      if (this.lost(one, arg) || (!arg.isVector && !allowed(arg))) set.delete(`${arg.flagName}.${arg.flagIndex}`);
    }
    const values = {};
    for (const arg of one.args) {
      if (arg.flagIndicator || (arg.isFlag && !set.has(`${arg.flagName}.${arg.flagIndex}`))) continue;
      const lost = this.lost(one, arg);
      const count = allowed(arg) && !lost ? this.below(4) : 0;
      if (lost && !arg.isVector) {
        values[arg.name] = empty(arg.type);
        continue;
      }
      values[arg.name] = arg.isVector
        ? Array.from({ length: count }, () => this.value(arg.type, depth - 1))
        : this.value(arg.type, depth - 1);
    }
    return new classes[one.id](values);
  }

  value(type, depth) {
    switch (type) {
      case 'int':
        return this.below(2 ** 32) | 0;
      case 'long':
        return bigInt(this.below(2 ** 32) | 0).shiftLeft(32).add(this.below(2 ** 32));
      case 'int128':
        return bigInt(this.below(2 ** 31)).shiftLeft(90).add(this.below(2 ** 32));
      case 'int256':
        return bigInt(this.below(2 ** 31)).shiftLeft(200).add(this.below(2 ** 32));
      case 'double':
        return this.below(2 ** 30) / 64;
      case 'string':
        return this.text();
      case 'bytes':
        return Buffer.from(Array.from({ length: this.length() }, () => this.below(256)));
      case 'Bool':
        return this.below(2) === 0;
      case 'true':
        return true;
      case 'X':
        return new classes[byName.get('help.getConfig').id]({});
      default:
        return this.boxed(type, depth);
    }
  }

  boxed(type, depth) {
    const all = byType.get(type);
    const fit = all.filter((one) => this.left > 0 && needOf(one) <= depth);
    const shallowest = all.reduce((best, one) => (needOf(one) < needOf(best) ? one : best));
    return this.make(fit.length > 0 ? fit[this.below(fit.length)] : shallowest, 'random', depth);
  }

  length() {
    return this.below(40) === 0 ? 250 + this.below(10) : this.below(10);
  }

  text() {
    return Array.from({ length: this.length() }, () => 'aбcdé f0漢'[this.below(9)]).join('');
  }
}
