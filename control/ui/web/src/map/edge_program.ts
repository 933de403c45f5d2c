// Edges as screen-space ribbons: parallel lanes, line styles and an arrow, in one draw call.
import { EdgeProgram, type ProgramInfo } from "sigma/rendering";
import type { EdgeDisplayData, NodeDisplayData, RenderParams } from "sigma/types";
import { floatColor } from "sigma/utils";
import { FRAGMENT, VERTEX } from "./edge_shaders";

export interface EdgeDrawing {
  style: number;
  /** Which of the lines between these two groups; 0 is the middle. */
  lane: number;
}

const UNIFORMS = ["u_matrix", "u_viewport"] as const;
const { FLOAT, UNSIGNED_BYTE, TRIANGLES } = WebGLRenderingContext;

export class LineProgram extends EdgeProgram<(typeof UNIFORMS)[number]> {
  getDefinition() {
    return {
      VERTICES: 6,
      VERTEX_SHADER_SOURCE: VERTEX,
      FRAGMENT_SHADER_SOURCE: FRAGMENT,
      METHOD: TRIANGLES as 4,
      UNIFORMS,
      ATTRIBUTES: [
        { name: "a_start", size: 2, type: FLOAT as 5126 },
        { name: "a_end", size: 2, type: FLOAT as 5126 },
        { name: "a_line", size: 3, type: FLOAT as 5126 },
        { name: "a_color", size: 4, type: UNSIGNED_BYTE as 5121, normalized: true },
        { name: "a_id", size: 4, type: UNSIGNED_BYTE as 5121, normalized: true },
      ],
      CONSTANT_ATTRIBUTES: [{ name: "a_corner", size: 2, type: FLOAT as 5126 }],
      CONSTANT_DATA: [
        [0, 1],
        [0, -1],
        [1, 1],
        [1, 1],
        [0, -1],
        [1, -1],
      ],
    };
  }

  processVisibleItem(
    id: number,
    start: number,
    source: NodeDisplayData,
    target: NodeDisplayData,
    data: EdgeDisplayData,
  ): void {
    const { style = 0, lane = 0 } = data as EdgeDisplayData & Partial<EdgeDrawing>;
    const out = this.array;
    let at = start;
    out[at++] = source.x;
    out[at++] = source.y;
    out[at++] = target.x;
    out[at++] = target.y;
    out[at++] = data.size || 1;
    out[at++] = lane;
    out[at++] = style;
    out[at++] = floatColor(data.color);
    out[at++] = id;
  }

  setUniforms(params: RenderParams, { gl, uniformLocations }: ProgramInfo): void {
    gl.uniformMatrix3fv(uniformLocations.u_matrix!, false, params.matrix);
    gl.uniform2f(uniformLocations.u_viewport!, params.width, params.height);
  }
}
