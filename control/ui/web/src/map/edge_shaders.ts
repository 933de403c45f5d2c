// Everything is measured in CSS pixels: `along` the line from its start, `across` it from its middle.

const VARYINGS = `
varying vec4 v_color;
varying float v_along;
varying float v_across;
varying float v_length;
varying float v_half;
varying float v_style;
`;

export const VERTEX = `
precision highp float;
attribute vec4 a_id;
attribute vec4 a_color;
attribute vec2 a_start;
attribute vec2 a_end;
attribute vec3 a_line;
attribute vec2 a_corner;
uniform mat3 u_matrix;
uniform vec2 u_viewport;
${VARYINGS}
const float lane_width = 7.0;
const float reach = 6.5;
const float bias = 255.0 / 254.0;

void main() {
  vec2 start = (u_matrix * vec3(a_start, 1.0)).xy;
  vec2 end = (u_matrix * vec3(a_end, 1.0)).xy;
  vec2 delta = (end - start) * 0.5 * u_viewport;
  float len = length(delta);
  vec2 direction = len > 0.0 ? delta / len : vec2(1.0, 0.0);
  vec2 normal = vec2(-direction.y, direction.x);
  float wide = max(a_line.x * 0.5 + 1.0, reach);
  vec2 shift = normal * (a_line.y * lane_width + a_corner.y * wide);
  gl_Position = vec4(mix(start, end, a_corner.x) + shift * 2.0 / u_viewport, 0.0, 1.0);
  v_along = a_corner.x * len;
  v_across = a_corner.y * wide;
  v_length = len;
  v_half = a_line.x * 0.5;
  v_style = a_line.z;
  #ifdef PICKING_MODE
  v_color = a_id;
  #else
  v_color = a_color;
  #endif
  v_color.a *= bias;
}
`;

export const FRAGMENT = `
precision highp float;
${VARYINGS}
bool gap(float along) {
  if (v_style < 0.5) return false;
  if (v_style < 1.5) return mod(along, 14.0) > 9.0;
  if (v_style < 2.5) return mod(along, 7.0) > 3.0;
  float place = mod(along, 21.0);
  return (place > 11.0 && place < 15.0) || place > 17.0;
}

void main() {
  #ifdef PICKING_MODE
  gl_FragColor = v_color;
  #else
  float inside = 1.0 - smoothstep(v_half - 0.5, v_half + 0.5, abs(v_across));
  if (gap(v_along)) inside = 0.0;
  float behind_tip = v_length * 0.6 + 7.0 - v_along;
  if (v_length > 40.0 && behind_tip > 0.0 && behind_tip < 13.0)
    inside = max(inside, 1.0 - smoothstep(behind_tip * 0.45 - 0.6, behind_tip * 0.45 + 0.4, abs(v_across)));
  if (inside <= 0.0) discard;
  gl_FragColor = vec4(v_color.rgb, 1.0) * inside;
  #endif
}
`;
